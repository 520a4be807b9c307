/* Plots as SVG: while a canvas has one of these (canvas.h: plots), whatever plot_draw
 * is given is also drawn here, as lines rather than as cells. UI thread. */
#ifndef SAETOP_UI_PLOT_SVG_H
#define SAETOP_UI_PLOT_SVG_H

#include "base/str.h"
#include "ui/plot.h"

/* Begin with plot_svg_init; a drawing for each plot, side by side. */
struct plot_svg {
    struct str panels;
    size_t n;
};

void plot_svg_init(struct plot_svg *s);
void plot_svg_deinit(struct plot_svg *s);

/* Add a plot as it was drawn: the same range, axes, smoothing, bands and events. If a
 * curve has more samples than pixels, each half pixel keeps its first, least, greatest
 * and last. O(points). */
void plot_svg_add(struct plot_svg *s, const struct plot_spec *spec,
                  const struct plot_result *drawn);

/* Append the SVG file: all plots on white, in the colours of the light theme. Text of
 * any origin is escaped. ERR_USAGE if nothing was added; errors of str. */
enum err plot_svg_file(const struct plot_svg *s, struct str *out,
                       struct errinfo *e) ERR_CHECKED;

#endif
