// Written by `python -m cl_core.programs engine` from instructions.py and values.py.
enum { F32 = 0, F64 = 1, I32 = 2, U8 = 3 };
enum { DO_END = 0, DO_ELEMENTWISE = 1, DO_MATMUL = 2, DO_REDUCE = 3, DO_RUNNING_SUM = 4, DO_ORDER = 5, DO_GATHER = 6, DO_SCATTER_ADD = 7, DO_DISTANCE = 8, DO_SEARCH = 9, DO_FIRST = 10 };
enum { REDUCE_SUM = 0, REDUCE_MAX = 1, REDUCE_MIN = 2, REDUCE_ARGMAX = 3, REDUCE_ARGMIN = 4 };
enum { OP_ADD = 0, OP_SUB = 1, OP_MUL = 2, OP_DIV = 3, OP_MIN = 4, OP_MAX = 5, OP_EQ = 6, OP_NE = 7, OP_LT = 8, OP_LE = 9, OP_GT = 10, OP_GE = 11, OP_NEG = 12, OP_ABS = 13, OP_RELU = 14, OP_WHERE = 15, OP_MASK_POSITIVE = 16, OP_SQRT = 17, OP_RECIPROCAL = 18, OP_EXP = 19, OP_LOG = 20, OP_EXPM1 = 21, OP_LOG1P = 22, OP_SIGMOID = 23, OP_SIN = 24, OP_COS = 25, OP_ACOS = 26, OP_FLOOR = 27, OP_AND = 28, OP_OR = 29, OP_XOR = 30, OP_NOT = 31 };
#define CODES_PER_TYPE 40
#define CONVERT 160
#define MAX_AXES 6
#define MAX_REGISTERS 48
#define TILE 256
#define MAX_ROW 8192
#define MAX_FIRST 64
