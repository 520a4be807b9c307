#include "ui/plot_raster.h"

#include "base/mem.h"

bool raster_init(struct raster *r, struct rect area, enum glyph_tier tier)
{
    *r = (struct raster){.area = area, .tier = tier};
    r->dx = tier == GLYPH_BRAILLE ? 2 : 1;
    r->dy = tier == GLYPH_BRAILLE ? 4 : tier == GLYPH_BLOCK ? 2 : 3;
    r->w = area.w * r->dx;
    r->h = area.h * r->dy;
    const size_t cells = (size_t)area.w * (size_t)area.h;
    r->bits = mem_alloc(cells, 1);
    r->role = mem_alloc(cells, 1);
    r->shade = mem_alloc(cells, 1);
    r->strong = mem_alloc(cells, sizeof(bool));
    return r->bits && r->role && r->shade && r->strong;
}

void raster_deinit(struct raster *r)
{
    mem_free(r->bits);
    mem_free(r->role);
    mem_free(r->shade);
    mem_free(r->strong);
}

static size_t raster_cell(const struct raster *r, int x, int y)
{
    return (size_t)(y / r->dy) * (size_t)r->area.w + (size_t)(x / r->dx);
}

void raster_dot(struct raster *r, int x, int y, enum role role, bool strong)
{
    static const uint8_t braille[2][4] = {{0x01, 0x02, 0x04, 0x40},
                                          {0x08, 0x10, 0x20, 0x80}};
    if (x < 0 || y < 0 || x >= r->w || y >= r->h) {
        return;
    }
    if (strong && r->gap && x % (r->dash + r->gap) >= r->dash) {
        return;
    }
    const size_t at = raster_cell(r, x, y);
    if (r->strong[at] && !strong) {
        return;
    }
    if (strong && !r->strong[at]) { /* a curve hides what is faint */
        r->bits[at] = 0;
        r->strong[at] = true;
    }
    const int bit = r->tier == GLYPH_BRAILLE ? braille[x % 2][y % 4] : 1 << (y % r->dy);
    r->bits[at] = (uint8_t)(r->bits[at] | bit);
    r->role[at] = (uint8_t)role;
}

/* Bresenham; the ends are at most a few rasters away, so this is O(raster). */
void raster_line(struct raster *r, int x0, int y0, int x1, int y1, enum role role,
                 bool strong)
{
    const int dx = x1 > x0 ? x1 - x0 : x0 - x1;
    const int dy = y1 > y0 ? y1 - y0 : y0 - y1;
    const int sx = x1 > x0 ? 1 : -1;
    const int sy = y1 > y0 ? 1 : -1;
    int slack = dx - dy;
    for (;;) {
        raster_dot(r, x0, y0, role, strong);
        if (x0 == x1 && y0 == y1) {
            return;
        }
        const int twice = 2 * slack;
        if (twice > -dy) {
            slack -= dy;
            x0 += sx;
        }
        if (twice < dx) {
            slack += dx;
            y0 += sy;
        }
    }
}

/* A column of a band: every other dot in braille, a shaded cell elsewhere. */
void raster_band(struct raster *r, int x, int top, int bottom, enum role role)
{
    top = top > 0 ? top : 0;
    bottom = bottom < r->h - 1 ? bottom : r->h - 1;
    if (x < 0 || x >= r->w) {
        return;
    }
    for (int y = top; y <= bottom; y++) {
        if (r->tier != GLYPH_BRAILLE) {
            r->shade[raster_cell(r, x, y)] = (uint8_t)(role + 1);
        } else if ((x + y) % 2 == 0) {
            raster_dot(r, x, y, role, false);
        }
    }
}

void raster_show(const struct raster *r, struct canvas *c)
{
    static const uint32_t halves[] = {' ', 0x2580, 0x2584, 0x2588};
    static const char levels[] = {' ', '\'', '-', '|', '.', '|', '|', '|'};
    for (int y = 0; y < r->area.h; y++) {
        for (int x = 0; x < r->area.w; x++) {
            const size_t at = (size_t)y * (size_t)r->area.w + (size_t)x;
            const uint8_t bits = r->bits[at];
            uint32_t cp = 0;
            enum role role = (enum role)r->role[at];
            if (bits) {
                cp = r->tier == GLYPH_BRAILLE ? 0x2800u + bits
                     : r->tier == GLYPH_BLOCK ? halves[bits]
                                              : (uint32_t)(unsigned char)levels[bits];
            } else if (r->shade[at]) {
                cp = r->tier == GLYPH_ASCII ? ',' : 0x2591;
                role = (enum role)(r->shade[at] - 1);
            }
            if (cp) {
                canvas_put(c, r->area.x + x, r->area.y + y, cp, role, 0);
            }
        }
    }
}
