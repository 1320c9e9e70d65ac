/* Loops over cells that are too slow in Python; see cell_loops.py for the meaning of the arguments. Allocates nothing. */

typedef void (*tabulate)(double *, const double *, const double *, const double *, const int *, const uint8_t *, void *);

/* Cells around each node, and the row pointers of the pattern. start has count + 2 entries: counted two places further and
   filled one further, its first count + 1 are row pointers in the end. */
void neighbour_counts(int64_t cells, int32_t each, const int32_t *nodes, int64_t count,
                      int64_t *start, int32_t *around, int32_t *mark, int64_t *pointers)
{
  for (int64_t i = 0; i < count + 2; i++)
    start[i] = 0;
  for (int64_t k = 0; k < cells * each; k++)
    start[nodes[k] + 2]++;
  for (int64_t i = 1; i < count + 2; i++)
    start[i] += start[i - 1];
  for (int64_t c = 0; c < cells; c++)
    for (int32_t j = 0; j < each; j++)
      around[start[nodes[c * each + j] + 1]++] = (int32_t)c;
  for (int64_t i = 0; i < count; i++)
    mark[i] = -1;
  pointers[0] = 0;
  for (int64_t i = 0; i < count; i++) {
    int64_t found = 0;
    for (int64_t k = start[i]; k < start[i + 1]; k++) {
      const int32_t *own = nodes + (int64_t)around[k] * each;
      for (int32_t j = 0; j < each; j++)
        if (mark[own[j]] != i) {
          mark[own[j]] = (int32_t)i;
          found++;
        }
    }
    pointers[i + 1] = pointers[i] + found;
  }
}

/* Neighbourhood is mutual: handing i to its neighbours, i ascending, fills every row in ascending order. */
void neighbour_lists(int64_t cells, int32_t each, const int32_t *nodes, int64_t count,
                     const int64_t *start, const int32_t *around, int32_t *mark, int64_t *pointers, int32_t *columns)
{
  for (int64_t i = 0; i < count; i++)
    mark[i] = -1;
  for (int64_t i = 0; i < count; i++)
    for (int64_t k = start[i]; k < start[i + 1]; k++) {
      const int32_t *own = nodes + (int64_t)around[k] * each;
      for (int32_t j = 0; j < each; j++)
        if (mark[own[j]] != i) {
          mark[own[j]] = (int32_t)i;
          columns[pointers[own[j]]++] = (int32_t)i;
        }
    }
  for (int64_t i = count; i > 0; i--) /* every pointer has moved to the end of its row */
    pointers[i] = pointers[i - 1];
  pointers[0] = 0;
}

/* Rows of the interpolation from linear to quadratic elements: one entry at a vertex, half of each end between two, none for
   unknowns that are not free. Returns the number of entries. */
int64_t interpolation_rows(int64_t count, int32_t bs, const int32_t *ends, const uint8_t *fine, const uint8_t *coarse,
                           int32_t *pointers, int32_t *columns, double *weights)
{
  int64_t found = 0;
  pointers[0] = 0;
  for (int64_t node = 0; node < count; node++) {
    const int32_t *end = ends + 2 * node;
    const int32_t number = end[0] == end[1] ? 1 : 2;
    for (int32_t i = 0; i < bs; i++) {
      if (fine[node * bs + i])
        for (int32_t k = 0; k < number; k++) {
          const int32_t column = end[k] * bs + i;
          if (coarse[column]) {
            columns[found] = column;
            weights[found++] = 1.0 / number;
          }
        }
      pointers[node * bs + i + 1] = (int32_t)found;
    }
  }
  return found;
}

void scalar_columns(int64_t count, int32_t bs, const int64_t *pointers, const int32_t *columns, int32_t *result)
{
  for (int64_t row = 0; row < count; row++)
    for (int32_t i = 0; i < bs; i++)
      for (int64_t k = pointers[row]; k < pointers[row + 1]; k++)
        for (int32_t j = 0; j < bs; j++)
          *result++ = columns[k] * bs + j;
}

/* One cell matrix; bs is known where this is inlined. The rows of a rank come in three parts: own rows with own columns, own rows
   with other columns, rows of others, which are always by block. */
static inline void add_cell(const int32_t bs, int32_t each, const int32_t *own, const int32_t *order, const double *tensor,
                            int32_t owned, const rows *parts, int32_t by_block)
{
  int32_t inner = each; /* nodes of this rank, which come first */
  while (inner > 0 && own[order[inner - 1]] >= owned)
    inner--;
  for (int32_t a = 0; a < each; a++)
    for (int32_t side = 0; side < 2; side++) {
      const int32_t begin = side ? inner : 0, end = side ? each : inner;
      const int32_t other = own[a] >= owned;
      const rows *part = parts + (other ? 2 : side);
      const int64_t *pointers = part->pointers + (own[a] - (other ? owned : 0));
      const int64_t first = pointers[0];
      const int64_t width = (pointers[1] - first) * bs;
      int64_t at = first;
      for (int32_t k = begin; k < end; k++) {
        const int32_t b = order[k];
        while (part->columns[at] < own[b])
          at++;
        const double *from = tensor + (int64_t)a * bs * each * bs + b * bs;
        if (by_block || other) {
          double *to = part->values + at * bs * bs;
          for (int32_t j = 0; j < bs; j++)
            for (int32_t i = 0; i < bs; i++)
              to[j * bs + i] += from[i * each * bs + j];
        } else {
          double *to = part->values + first * bs * bs + (at - first) * bs;
          for (int32_t i = 0; i < bs; i++)
            for (int32_t j = 0; j < bs; j++)
              to[i * width + j] += from[i * each * bs + j];
        }
      }
      if (inner == each)
        break;
    }
}

void add_cells(intptr_t kernel, int64_t number, const int32_t *cells, const int32_t *arguments,
               int32_t corners, const int32_t *geometry, const double *points,
               int64_t width, const double *coefficients, const double *constants,
               int32_t each, const int32_t *nodes, int32_t owned, const rows *parts,
               int32_t bs, int32_t by_block, double *tensor, double *places, int32_t *order)
{
  const tabulate function = (tabulate)kernel;
  for (int64_t n = 0; n < number; n++) {
    const int32_t *at = geometry + (int64_t)cells[n] * corners;
    for (int32_t k = 0; k < corners; k++)
      for (int32_t d = 0; d < 3; d++)
        places[3 * k + d] = points[3 * (int64_t)at[k] + d];
    for (int32_t k = 0; k < each * bs * each * bs; k++)
      tensor[k] = 0.0;
    function(tensor, coefficients + n * width, constants, places, 0, 0, 0);
    const int32_t *own = nodes + (int64_t)arguments[n] * each;
    for (int32_t a = 0; a < each; a++) { /* by insertion: the nodes of a cell are few */
      int32_t b = a;
      for (; b > 0 && own[order[b - 1]] > own[a]; b--)
        order[b] = order[b - 1];
      order[b] = a;
    }
    switch (bs) {
    case 1: add_cell(1, each, own, order, tensor, owned, parts, by_block); break;
    case 2: add_cell(2, each, own, order, tensor, owned, parts, by_block); break;
    case 3: add_cell(3, each, own, order, tensor, owned, parts, by_block); break;
    default: add_cell(bs, each, own, order, tensor, owned, parts, by_block);
    }
  }
}
