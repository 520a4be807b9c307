/* Dots of a plot on a grid of cells: braille 2x4 a cell, half blocks 1x2, ASCII 1x3.
 * Inside ui/ only; owner thread. */
#ifndef SAETOP_UI_PLOT_RASTER_H
#define SAETOP_UI_PLOT_RASTER_H

#include "ui/canvas.h"

struct raster {
    struct rect area;
    int dx, dy;     /* dots a cell */
    int w, h;       /* dots */
    uint8_t *bits;  /* [area.h * area.w] dots set */
    uint8_t *role;  /* of the dots */
    uint8_t *shade; /* role + 1 of a band, where it is drawn as a shade */
    bool *strong;   /* dots of a curve, not of raw points or a band */
    enum glyph_tier tier;
};

/* Begins empty. False when memory is out; raster_deinit in any case. */
bool raster_init(struct raster *r, struct rect area, enum glyph_tier tier);
void raster_deinit(struct raster *r);
/* Set a dot; outside nothing happens. In a cell a strong dot hides faint ones; of
 * equals the later gives the colour. */
void raster_dot(struct raster *r, int x, int y, enum role role, bool strong);
/* Bresenham from (x0,y0) to (x1,y1), both included; at most a few rasters away. */
void raster_line(struct raster *r, int x0, int y0, int x1, int y1, enum role role,
                 bool strong);
/* A column of a band, rows top to bottom: every other dot in braille, a shade
 * elsewhere. */
void raster_band(struct raster *r, int x, int top, int bottom, enum role role);
/* Put the cells that have dots or a shade on the canvas; others keep what they show. */
void raster_show(const struct raster *r, struct canvas *c);

#endif
