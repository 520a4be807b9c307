/* Plots as SVG: what plot_draw is given while a canvas keeps one of these (canvas.h:
 * plots), drawn anew as lines rather than as cells. UI thread. */
#ifndef SAETOP_UI_PLOT_SVG_H
#define SAETOP_UI_PLOT_SVG_H

#include "base/str.h"
#include "ui/plot.h"

/* Zeroed with plot_svg_init; a drawing for each plot, side by side. */
struct plot_svg {
    struct str panels;
    size_t n;
};

void plot_svg_init(struct plot_svg *s);
void plot_svg_deinit(struct plot_svg *s);

/* Add a plot as it was drawn: same range, axes, smoothing, bands, events. Of a curve
 * with more samples than pixels each half pixel keeps its first, least, greatest and
 * last. O(points). */
void plot_svg_add(struct plot_svg *s, const struct plot_spec *spec,
                  const struct plot_result *drawn);

/* The file: all plots on white, in the colours of the light theme. Text of any origin
 * is escaped. ERR_USAGE when nothing was added; errors of str. */
enum err plot_svg_file(const struct plot_svg *s, struct str *out,
                       struct errinfo *e) ERR_CHECKED;

#endif
