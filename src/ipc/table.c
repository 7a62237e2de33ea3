/* table.c - entries in the order of insertion, found by a hash that nobody outside can foresee. */
#include "value.h"

#include <stdlib.h>
#include <string.h>

#include <uv.h>

enum {
  FEW = 8,                                       /* entries that are looked through */
  FIRST_CAPACITY = 4,                            /* entries */
  MOST = sizeof(size_t) < 8 ? 1 << 24 : 1 << 30, /* entries, so that no size overflows */
  SMALLEST_INDEX = 32,                           /* cells */
  CELL = 2 /* words of a cell: the hash, and the entry's number plus 1; 0: empty */
};

/* ---------------------------------------------------------------- hashes */

/*
 * A sender who knows the hash could choose keys that all collide, and make a small message cost minutes. The hash
 * multiplies by secrets of the process; nothing that could tell them gets out, for the order is that of insertion.
 */
static uint64_t secret[3];
static uv_once_t once = UV_ONCE_INIT;

static void choose_secret(void) {
  if (uv_random(NULL, NULL, secret, sizeof secret, 0, NULL) != 0) {
    secret[0] = uv_hrtime() * UINT64_C(0x9E3779B97F4A7C15);
    secret[1] = (uint64_t)(uintptr_t)&once * UINT64_C(0xD6E8FEB86659FD93) + (uint64_t)uv_os_getpid();
    secret[2] = secret[0] ^ (uint64_t)(uintptr_t)secret << 20;
  }
  secret[2] |= 1;
}

void cp__table_seed(void) { uv_once(&once, choose_secret); }

/* Both halves of the product, so that each bit of each factor matters. */
static uint64_t mix(uint64_t a, uint64_t b) {
#ifdef __SIZEOF_INT128__
  __extension__ typedef unsigned __int128 wide;
  wide product = (wide)a * b;
  return (uint64_t)product ^ (uint64_t)(product >> 64);
#else
  uint64_t al = (uint32_t)a, ah = a >> 32, bl = (uint32_t)b, bh = b >> 32;
  uint64_t ll = al * bl, lh = al * bh, hl = ah * bl, hh = ah * bh;
  uint64_t middle = (ll >> 32) + (uint32_t)lh + (uint32_t)hl;
  return ((uint32_t)ll + (middle << 32)) ^ (hh + (lh >> 32) + (hl >> 32) + (middle >> 32));
#endif
}

static uint64_t load64(const char *bytes) {
  uint64_t word;
  memcpy(&word, bytes, sizeof word);
  return word;
}

static uint64_t load32(const char *bytes) {
  uint32_t word;
  memcpy(&word, bytes, sizeof word);
  return word;
}

/* The last 16 bytes or fewer as two words; together with the length no two texts give the same. */
static uint64_t hash_end(uint64_t state, const char *bytes, size_t length, size_t whole) {
  uint64_t a = 0, b = 0;
  if (length > 8) {
    a = load64(bytes);
    b = load64(bytes + length - 8);
  } else if (length >= 4) {
    a = load32(bytes);
    b = load32(bytes + length - 4);
  } else if (length > 0) {
    a = (uint64_t)(uint8_t)bytes[0] << 16 | (uint64_t)(uint8_t)bytes[length / 2] << 8 | (uint8_t)bytes[length - 1];
  }
  return mix(mix(a ^ state, b ^ secret[1]) ^ whole, secret[2]);
}

static uint64_t hash_bytes(const char *bytes, size_t length, uint64_t kind) {
  uint64_t state = secret[0] + kind;
  size_t left = length;
  for (; left > 16; left -= 16, bytes += 16) state = mix(load64(bytes) ^ state, load64(bytes + 8) ^ secret[1]);
  return hash_end(state, bytes, left, length);
}

static uint64_t hash_word(uint64_t word, uint64_t kind) {
  return mix(mix(word ^ secret[0], secret[1] + kind), secret[2]);
}

static uint64_t hash_number(double number) {
  uint64_t bits = 0;
  if (number != number) return hash_word(1, CP_TYPE_NULL); /* every NaN is the same */
  if (number != 0) memcpy(&bits, &number, sizeof bits);    /* and -0 is 0 */
  return hash_word(bits, CP_TYPE_NUMBER);
}

static uint32_t hash(cp_value key) {
  uint64_t bits = 0;
  switch (key.type) {
    case CP_TYPE_STRING:
      bits = hash_bytes(key.as.bytes, key.length, CP_TYPE_STRING);
      break;
    case CP_TYPE_NUMBER:
      bits = hash_number(key.as.number);
      break;
    case CP_TYPE_BOOLEAN:
      bits = hash_word(key.flag, CP_TYPE_BOOLEAN);
      break;
    case CP_TYPE_BIGINT:
      bits = hash_bytes(key.as.bytes, cp__bigint_count(key) * 8, CP_TYPE_BIGINT);
      break;
    default:
      bits = hash_word(cp__has_identity(key) ? (uintptr_t)key.as.object : 0, key.type);
  }
  return (uint32_t)(bits ^ bits >> 32);
}

/* ---------------------------------------------------------------- keys */

static bool same_bigint(cp_value a, cp_value b) {
  size_t count = cp__bigint_count(a);
  if (count != cp__bigint_count(b)) return false;
  return count == 0 || (a.flag == b.flag && memcmp(a.as.bytes, b.as.bytes, count * 8) == 0);
}

/* Keys are short: two words that may overlap take less than a call. */
static bool same_bytes(const char *a, const char *b, size_t length) {
  if (length > 16) return memcmp(a, b, length) == 0;
  if (length >= 8) return load64(a) == load64(b) && load64(a + length - 8) == load64(b + length - 8);
  if (length >= 4) return load32(a) == load32(b) && load32(a + length - 4) == load32(b + length - 4);
  return length == 0 || (a[0] == b[0] && a[length / 2] == b[length / 2] && a[length - 1] == b[length - 1]);
}

static bool same_string(cp_value a, cp_value b) {
  return a.length == b.length && same_bytes(a.as.bytes, b.as.bytes, a.length);
}

bool cp__same_value_zero(cp_value a, cp_value b) {
  if (a.type != b.type) return false;
  switch (a.type) {
    case CP_TYPE_STRING:
      return same_string(a, b);
    case CP_TYPE_NUMBER:
      return a.as.number == b.as.number || (a.as.number != a.as.number && b.as.number != b.as.number);
    case CP_TYPE_BOOLEAN:
      return a.flag == b.flag;
    case CP_TYPE_BIGINT:
      return same_bigint(a, b);
    default:
      return !cp__has_identity(a) || a.as.object == b.as.object;
  }
}

/* What JavaScript stores for a key: a hole is undefined, and -0 is 0. */
static cp_value stored_key(cp_value key) {
  if (key.type == CP_TYPE_HOLE) return cp_undefined();
  if (key.type == CP_TYPE_NUMBER && key.as.number == 0) key.as.number = 0;
  return key;
}

/* ---------------------------------------------------------------- the index */

static cp_value *slot(const cp__table *table, uint32_t i) { return table->slots + (size_t)i * table->stride; }

/* The cell of the key, or the empty one where it belongs. */
static uint32_t *find_cell(const cp__table *table, cp_value key, uint32_t code) {
  uint32_t mask = table->index_size - 1;
  for (uint32_t at = code & mask;; at = (at + 1) & mask) {
    uint32_t *cell = table->index + (size_t)at * CELL;
    if (cell[1] == 0 || (cell[0] == code && cp__same_value_zero(*slot(table, cell[1] - 1), key))) return cell;
  }
}

static void fill_cell(uint32_t *cell, uint32_t code, uint32_t i) {
  cell[0] = code;
  cell[1] = i + 1;
}

/* An empty index in which `count` entries leave a third of the cells free. */
static bool new_index(cp_heap *heap, cp__table *table, uint32_t count) {
  size_t size = SMALLEST_INDEX;
  while (size / 3 * 2 < count) size *= 2;
  uint32_t *index = cp__heap_alloc(heap, size * CELL * sizeof *index);
  if (index == NULL) return false;
  table->index = memset(index, 0, size * CELL * sizeof *index);
  table->index_size = (uint32_t)size;
  return true;
}

/* Moves the cells to an index of twice the size: the hashes are in them, the keys are not looked at. */
static bool double_index(cp_heap *heap, cp__table *table) {
  const uint32_t *old = table->index;
  uint32_t old_size = table->index_size;
  if (!new_index(heap, table, old_size)) return false;
  uint32_t mask = table->index_size - 1;
  for (uint32_t i = 0; i < old_size; i++) {
    const uint32_t *cell = old + (size_t)i * CELL;
    if (cell[1] == 0) continue;
    uint32_t at = cell[0] & mask;
    while (table->index[(size_t)at * CELL + 1] != 0) at = (at + 1) & mask;
    fill_cell(table->index + (size_t)at * CELL, cell[0], cell[1] - 1);
  }
  return true;
}

/* Gives the entries that have no cell one. A key that came before is dropped: the later value takes its place. */
static void index_entries(cp__table *table) {
  uint32_t kept = 0, count = table->count;
  for (uint32_t i = 0; i < count; i++) {
    const cp_value *entry = slot(table, i);
    uint32_t code = hash(*entry);
    uint32_t *cell = find_cell(table, *entry, code);
    if (cell[1] != 0) {
      slot(table, cell[1] - 1)[table->stride - 1] = entry[table->stride - 1];
      continue;
    }
    fill_cell(cell, code, kept);
    if (kept != i) memcpy(slot(table, kept), entry, table->stride * sizeof *entry);
    kept++;
  }
  table->count = kept;
}

bool cp__table_reindex(cp_heap *heap, cp__table *table) {
  table->index = NULL;
  if (table->count <= FEW) return true;
  if (!new_index(heap, table, table->count)) return false;
  index_entries(table);
  return true;
}

/* ---------------------------------------------------------------- finding and setting */

static int64_t look_through(const cp__table *table, cp_value key) {
  for (uint32_t i = 0; i < table->count; i++)
    if (cp__same_value_zero(*slot(table, i), key)) return i;
  return -1;
}

int64_t cp__table_find(const cp__table *table, cp_value key) {
  if (key.type == CP_TYPE_HOLE) key = cp_undefined();
  if (table->index == NULL) return look_through(table, key);
  return (int64_t)find_cell(table, key, hash(key))[1] - 1;
}

static bool out_of_memory(cp_heap *heap) {
  cp__heap_fail(heap);
  return false;
}

static bool grow(cp_heap *heap, cp__table *table) {
  if (table->count < table->capacity) return true;
  if (table->count >= MOST) return out_of_memory(heap);
  uint32_t capacity = table->capacity > 0 ? table->capacity * 2 : FIRST_CAPACITY;
  size_t entry = table->stride * sizeof *table->slots;
  cp_value *slots = cp__heap_grow(heap, table->slots, table->capacity * entry, capacity * entry);
  if (slots == NULL) return false;
  table->slots = slots;
  table->capacity = capacity;
  return true;
}

/* Makes sure that one more entry has a cell. */
static bool grow_index(cp_heap *heap, cp__table *table) {
  if (table->count < FEW) return true;
  if (table->index == NULL) {
    if (!new_index(heap, table, table->count + 1)) return false;
    index_entries(table);
    return true;
  }
  return table->index_size / 3 * 2 > table->count || double_index(heap, table);
}

bool cp__table_set(cp_heap *heap, cp__table *table, cp_value key, cp_value value) {
  key = stored_key(key);
  int64_t found = cp__table_find(table, key);
  if (found >= 0) {
    if (table->stride == 2) slot(table, (uint32_t)found)[1] = value;
    return true;
  }
  if (!grow(heap, table) || !grow_index(heap, table)) return false;
  cp_value *entry = slot(table, table->count);
  if (table->stride == 2) entry[1] = value;
  entry[0] = key;
  if (table->index != NULL) {
    uint32_t code = hash(key);
    fill_cell(find_cell(table, key, code), code, table->count);
  }
  table->count++;
  return true;
}

/* ---------------------------------------------------------------- taking over */

/* A bit of 64 by the length and the ends of a string: most keys of one object have bits of their own. */
static uint64_t sketch(cp_value key) {
  if (key.type != CP_TYPE_STRING) return ~UINT64_C(0);
  if (key.length == 0) return 1;
  unsigned first = (uint8_t)key.as.bytes[0], last = (uint8_t)key.as.bytes[key.length - 1];
  return UINT64_C(1) << ((first * 5 + last * 3 + key.length * 7) & 63);
}

/* As index_entries() without an index. */
static void join_few(cp__table *table) {
  uint32_t kept = 0, count = table->count;
  uint64_t seen = 0;
  for (uint32_t i = 0; i < count; i++) {
    const cp_value *entry = slot(table, i);
    uint64_t bits = sketch(*entry);
    table->count = kept;
    int64_t found = (seen & bits) != 0 ? look_through(table, *entry) : -1;
    seen |= bits;
    if (found >= 0) {
      slot(table, (uint32_t)found)[table->stride - 1] = entry[table->stride - 1];
      continue;
    }
    if (kept != i) memcpy(slot(table, kept), entry, table->stride * sizeof *entry);
    kept++;
  }
  table->count = kept;
}

static void store_keys(cp__table *table) {
  for (uint32_t i = 0; i < table->count; i++) {
    cp_value *key = slot(table, i);
    if (key->type != CP_TYPE_STRING) *key = stored_key(*key);
  }
}

bool cp__table_adopt(cp_heap *heap, cp__table *table, const cp_value *slots, uint32_t count, uint8_t stride,
                     bool *twice) {
  *table = (cp__table){.stride = stride};
  *twice = false;
  if (count == 0) return true;
  size_t size = (size_t)count * stride * sizeof *slots;
  cp_value *own = count > MOST ? NULL : cp__heap_alloc(heap, size);
  if (own == NULL) return out_of_memory(heap);
  *table = (cp__table){.slots = memcpy(own, slots, size), .count = count, .capacity = count, .stride = stride};
  store_keys(table);
  if (count <= FEW)
    join_few(table);
  else if (!cp__table_reindex(heap, table))
    return false;
  *twice = table->count < count;
  return true;
}
