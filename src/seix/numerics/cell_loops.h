void neighbour_counts(int64_t cells, int32_t each, const int32_t *nodes, int64_t count,
                      int64_t *start, int32_t *around, int32_t *mark, int64_t *pointers);
void neighbour_lists(int64_t cells, int32_t each, const int32_t *nodes, int64_t count,
                     const int64_t *start, const int32_t *around, int32_t *mark, int64_t *pointers, int32_t *columns);
void scalar_columns(int64_t count, int32_t bs, const int64_t *pointers, const int32_t *columns, int32_t *result);
int64_t interpolation_rows(int64_t count, int32_t bs, const int32_t *ends, const uint8_t *fine, const uint8_t *coarse,
                           int32_t *pointers, int32_t *columns, double *weights);
typedef struct {
  const int64_t *pointers;
  const int32_t *columns;
  double *values;
} rows;
void add_cells(intptr_t kernel, int64_t number, const int32_t *cells, const int32_t *arguments,
               int32_t corners, const int32_t *geometry, const double *points,
               int64_t width, const double *coefficients, const double *constants,
               int32_t each, const int32_t *nodes, int32_t owned, const rows *parts,
               int32_t bs, int32_t by_block, double *tensor, double *places, int32_t *order);
