/* Dots of a plot on a grid of cells: braille 2x4 a cell, half blocks 1x2, ASCII 1x3.
 * Inside ui/ only; owner thread. */
#ifndef SAETOP_UI_PLOT_RASTER_H
#define SAETOP_UI_PLOT_RASTER_H

#include "ui/canvas.h"

struct raster {
    struct rect area;
    int dx, dy;     /* dots per cell */
    int w, h;       /* dots */
    uint8_t *bits;  /* [area.h * area.w] dots set */
    uint8_t *role;  /* of the dots */
    uint8_t *shade; /* role + 1 of a band drawn as a shade; 0: none */
    bool *strong;   /* the dots are a curve's, not raw points' or a band's */
    enum glyph_tier tier;
    int dash, gap; /* dot columns drawn and left out of strong lines; gap 0: solid */
};

/* Begin empty. False if memory is out; call raster_deinit in any case. */
bool raster_init(struct raster *r, struct rect area, enum glyph_tier tier);
void raster_deinit(struct raster *r);
/* Set a dot; outside the area nothing happens. In a cell a strong dot hides faint ones;
 * among equals the later one gives the colour. */
void raster_dot(struct raster *r, int x, int y, enum role role, bool strong);
/* Draw a line from (x0,y0) to (x1,y1), both included (Bresenham); they lie at most a
 * few rasters away. */
void raster_line(struct raster *r, int x0, int y0, int x1, int y1, enum role role,
                 bool strong);
/* Draw a column of a band, from row `top` to row `bottom`: every other dot in braille,
 * a shade elsewhere. */
void raster_band(struct raster *r, int x, int top, int bottom, enum role role);
/* Put the cells that have dots or a shade on the canvas; others keep what they show. */
void raster_show(const struct raster *r, struct canvas *c);

#endif
