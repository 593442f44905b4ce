/* Fuzz target for ts_succession_check: whatever a node, or a member that lies, hands a token as the next roster. The input
 * says which members a certificate is made of, what is wrong with it, and who signs; the keys are known here, so that what
 * lies behind the signatures is reached. A second reading of docs/spec/certificate.md, which shares no code with the first,
 * says what the answer has to be. An input whose first byte is zero is taken for a succession as it is. */
#include <sodium.h>

#include "fuzz.h"
#include "thresign/certificate.h"

#define OLD_MAX 31
#define NEW_MAX 36 /* more than a roster may have */
#define SUCCESSION_MAX 16384

static const uint8_t *input, *input_end;

static unsigned draw(unsigned below) { return input == input_end ? 0 : *input++ % below; }
/* Something out of the ordinary, in one of so many cases; never at an input's end. */
static bool odd(unsigned in) { return draw(in) == in - 1; }

/* ---- What is made ---------------------------------------------------------------------------------------------------- */

typedef struct person {
  uint16_t number;
  uint8_t name, key, sealing; /* the key pairs that come from these seeds */
} person;

typedef struct people {
  uint64_t epoch;
  size_t f, q, count;
  person members[NEW_MAX];
  uint8_t encoded[8192], digest[32];
  size_t length;
} people;

static struct {
  uint8_t vote[32], secret[64], sealing[32];
} keys[256];

static void make_keys(void) {
  static bool made;
  for (size_t i = 0; i < 256 && !made; i++) {
    uint8_t seed[32] = {(uint8_t)i, 's'}, unused[32];
    (void)crypto_sign_seed_keypair(keys[i].vote, keys[i].secret, seed);
    (void)crypto_box_seed_keypair(keys[i].sealing, unused, seed);
  }
  made = true;
}

static size_t put(uint8_t *out, size_t at, uint64_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; i++) out[at + i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
  return at + bytes;
}

static size_t copy(uint8_t *out, size_t at, const void *data, size_t length) {
  memcpy(out + at, data, length);
  return at + length;
}

static void encode(people *all) {
  uint8_t *out = all->encoded;
  size_t at = copy(out, 0, "ts.rost1", 8);
  at = put(out, put(out, put(out, put(out, at, all->epoch, 8), all->f, 2), all->q, 2), all->count, 4);
  for (size_t i = 0; i < all->count; i++) {
    const person *member = &all->members[i];
    at = put(out, put(out, put(out, at, member->number, 2), 1, 4), member->name, 1);
    at = copy(out, copy(out, at, keys[member->key].vote, 32), keys[member->sealing].sealing, 32);
  }
  all->length = at;
  (void)crypto_hash_sha256(all->digest, out, at);
}

static void count_quorum(people *all) {
  all->f = all->count == 0 ? 0 : (all->count - 1) / 3;
  all->q = (all->count + all->f) / 2 + 1; /* the least number whose double is more than n + f */
}

static void draw_old(people *old) {
  static const uint64_t epochs[] = {0, 1, 41, UINT64_MAX};
  uint16_t number = 0;
  old->epoch = epochs[draw(4)];
  old->count = odd(16) ? OLD_MAX : 4 + draw(7);
  for (size_t i = 0; i < old->count; i++) {
    number = (uint16_t)(number + 1 + odd(4));
    old->members[i] = (person){number, (uint8_t)(' ' + i), (uint8_t)i, (uint8_t)i};
  }
  if (odd(32)) old->members[old->count - 1].number = UINT16_MAX;
  count_quorum(old);
  encode(old);
}

static person draw_person(const people *old, uint16_t number, size_t which) {
  person drawn = {number, (uint8_t)('A' + which), (uint8_t)(64 + which), (uint8_t)(64 + which)};
  if (odd(16)) drawn.key = old->members[draw((unsigned)old->count)].key;
  if (odd(16)) drawn.sealing = old->members[draw((unsigned)old->count)].sealing;
  if (odd(16)) drawn.name = old->members[draw((unsigned)old->count)].name;
  return drawn;
}

static void draw_next(const people *old, people *next) {
  uint16_t number = old->members[old->count - 1].number;
  next->epoch = odd(12) ? old->epoch + draw(4) - 1 : old->epoch + 1;
  next->count = 0;
  unsigned leave = odd(8) ? 3 : 12; /* many, or few */
  for (size_t i = 0; i < old->count; i++) {
    person stays = old->members[i];
    if (odd(leave)) continue;
    if (odd(48)) stays.key = (uint8_t)(128 + i);
    if (odd(48)) stays.sealing = (uint8_t)(128 + i);
    if (odd(48)) stays.name = 'z';
    next->members[next->count++] = stays;
  }
  size_t joining = draw(4);
  for (size_t i = 0; i < joining && next->count < NEW_MAX; i++) {
    number = odd(6) ? (uint16_t)draw(number + 1u) : (uint16_t)(number + 1 + draw(2));
    size_t at = next->count++;
    for (; at > 0 && next->members[at - 1].number > number; at--) next->members[at] = next->members[at - 1];
    next->members[at] = draw_person(old, number, i);
  }
  if (odd(32) && next->count > 1) next->members[0] = next->members[draw((unsigned)next->count)];
  count_quorum(next);
  if (odd(32)) next->f += draw(3) - 1;
  if (odd(32)) next->q += draw(3) - 1;
  encode(next);
}

static void bend(uint8_t *data, size_t length) {
  if (odd(32)) data[draw((unsigned)length)] ^= (uint8_t)(1 + draw(255));
}

/* The votes: mostly of exactly q in order, by whose keys they are. What is signed is what stands there by now. */
static size_t draw_votes(const people *old, const uint8_t *place, uint8_t *out, size_t at) {
  size_t wanted = odd(12) ? draw(TS_MODULES_MAX + 2) : old->q, chosen[64], count = 0;
  for (size_t i = 0, left = old->count; i < old->count && count < wanted; i++, left--)
    if (left <= wanted - count || !odd(3)) chosen[count++] = i;
  while (count < wanted) chosen[count++] = draw((unsigned)old->count);
  if (odd(12) && count > 1) chosen[draw((unsigned)count)] = draw((unsigned)old->count);
  at = put(out, at, count, 4);
  for (size_t i = 0; i < count; i++) {
    uint8_t message[8 + 176 + 2], signature[64];
    person voter = old->members[chosen[i]];
    if (odd(48)) voter.key = (uint8_t)(64 + draw(4));
    if (odd(48)) voter.number = (uint16_t)draw(80);
    (void)copy(message, 0, odd(48) ? "ts.ckcr1" : "ts.chkp1", 8);
    (void)put(message, copy(message, 8, place, 176), odd(48) ? voter.number + 1u : voter.number, 2);
    (void)crypto_sign_detached(signature, NULL, message, sizeof message, keys[voter.key].secret);
    bend(signature, 64);
    at = copy(out, put(out, at, voter.number, 2), signature, 64);
  }
  return at;
}

static size_t draw_succession(const people *old, people *next, const uint8_t domain[32], uint8_t *out) {
  size_t at = copy(out, copy(out, 0, "ts.succ1", 8), "ts.ckcr1", 8);
  uint8_t *place = out + at;
  at = put(out, copy(out, at, domain, 32), odd(16) ? old->epoch + draw(3) - 1 : old->epoch, 8);
  at = put(out, copy(out, at, old->digest, 32), draw(256), 8);
  memset(out + at, (int)draw(256), 64); /* header and state: anything */
  at = copy(out, at + 64, next->digest, 32);
  if (odd(4)) bend(place, 176);
  if (odd(4)) bend(place + 40, 32);
  if (odd(4)) bend(place + 144, 32);
  at = copy(out, draw_votes(old, place, out, at), next->encoded, next->length);
  for (unsigned edits = odd(4) ? draw(3) : 0; edits > 0; edits--) {
    size_t where = (draw(256) << 8 | draw(256)) % at;
    out[where] ^= (uint8_t)(1 + draw(255));
  }
  if (odd(16)) at -= 1 + draw(8);
  if (odd(16)) out[at++] = (uint8_t)draw(256);
  return at;
}

/* ---- What has to be said of it --------------------------------------------------------------------------------------- */

typedef struct field {
  const uint8_t *at;
  size_t left;
  bool cut;
} field;

static const uint8_t *take(field *from, size_t length) {
  static const uint8_t nothing[256];
  if (from->cut || from->left < length) {
    from->cut = true;
    return nothing;
  }
  from->at += length;
  from->left -= length;
  return from->at - length;
}

static uint64_t number(field *from, size_t bytes) {
  uint64_t value = 0;
  const uint8_t *at = take(from, bytes);
  for (size_t i = 0; i < bytes; i++) value = 256 * value + at[i];
  return value;
}

typedef struct reading {
  uint64_t epoch, f, q, count;
  struct {
    uint64_t number, name_length;
    const uint8_t *name, *keys; /* vote key, sealing key */
  } members[TS_MODULES_MAX];
  const uint8_t *start;
  size_t length;
} reading;

static void read_roster(field *from, reading *out) {
  out->start = from->at;
  from->cut |= memcmp(take(from, 8), "ts.rost1", 8) != 0;
  out->epoch = number(from, 8);
  out->f = number(from, 2);
  out->q = number(from, 2);
  out->count = number(from, 4);
  from->cut |= out->count > TS_MODULES_MAX;
  for (size_t i = 0; !from->cut && i < out->count; i++) {
    out->members[i].number = number(from, 2);
    out->members[i].name_length = number(from, 4);
    from->cut |= out->members[i].name_length > 64;
    if (from->cut) return;
    out->members[i].name = take(from, out->members[i].name_length);
    for (size_t k = 0; !from->cut && k < out->members[i].name_length; k++)
      from->cut |= out->members[i].name[k] < ' ' || out->members[i].name[k] > '~';
    out->members[i].keys = take(from, 64);
  }
  out->length = (size_t)(from->at - out->start);
}

static bool same_name(const reading *a, size_t i, const reading *b, size_t k) {
  size_t length = a->members[i].name_length;
  return length == b->members[k].name_length && memcmp(a->members[i].name, b->members[k].name, length) == 0;
}

static bool is_roster(const reading *roster) {
  uint64_t n = roster->count;
  if (n < 4 || roster->f != (n - 1) / 3 || roster->members[0].number == 0) return false;
  if (2 * roster->q < n + roster->f + 1 || 2 * roster->q > n + roster->f + 2) return false;
  for (size_t i = 0; i < n; i++)
    for (size_t k = i + 1; k < n; k++) {
      if (roster->members[i].number >= roster->members[k].number || same_name(roster, i, roster, k)) return false;
      for (size_t key = 0; key < 64; key += 32)
        if (memcmp(roster->members[i].keys + key, roster->members[k].keys + key, 32) == 0) return false;
    }
  return true;
}

static bool made_sealing(const uint8_t key[32]) {
  for (size_t i = 0; i < 256; i++)
    if (memcmp(key, keys[i].sealing, 32) == 0) return true;
  return false;
}

static bool made_here(const uint8_t pair[64]) {
  for (size_t i = 0; i < 256; i++)
    if (memcmp(pair, keys[i].vote, 32) == 0) return made_sealing(pair + 32);
  return false;
}

static bool keys_are_valid(const reading *roster) {
  uint8_t shared[32];
  for (size_t i = 0; i < roster->count; i++) {
    const uint8_t *pair = roster->members[i].keys;
    if (!made_here(pair) && (crypto_core_ed25519_is_valid_point(pair) != 1 ||
                             crypto_box_beforenm(shared, pair + 32, keys[0].secret) != 0))
      return false;
  }
  return true;
}

static size_t place_in(const reading *roster, uint64_t wanted) {
  for (size_t i = 0; i < roster->count; i++)
    if (roster->members[i].number == wanted) return i;
  return TS_MODULES_MAX;
}

static bool may_follow(const reading *old, const reading *next) {
  size_t stay = 0;
  for (size_t i = 0; i < next->count; i++) {
    size_t was = place_in(old, next->members[i].number);
    if (was == TS_MODULES_MAX && next->members[i].number < old->members[old->count - 1].number) return false;
    if (was == TS_MODULES_MAX) continue;
    stay++;
    if (!same_name(old, was, next, i) || memcmp(old->members[was].keys, next->members[i].keys, 64) != 0) return false;
  }
  bool changes = stay != old->count || stay != next->count;
  return old->epoch < next->epoch && next->epoch - old->epoch == 1 && changes && old->count - stay <= old->f &&
         next->count - stay <= old->f;
}

typedef struct votes {
  size_t count;
  uint64_t numbers[TS_MODULES_MAX];
  const uint8_t *signatures[TS_MODULES_MAX];
} votes;

static bool rising(const votes *said) {
  for (size_t i = 1; i < said->count; i++)
    if (said->numbers[i - 1] >= said->numbers[i]) return false;
  return true;
}

static bool of_members(const votes *said, const reading *old) {
  for (size_t i = 0; i < said->count; i++)
    if (place_in(old, said->numbers[i]) == TS_MODULES_MAX) return false;
  return true;
}

static bool signed_by_all(const votes *said, const reading *old, const uint8_t *place) {
  uint8_t message[8 + 176 + 2];
  (void)copy(message, copy(message, 0, "ts.chkp1", 8), place, 176);
  for (size_t i = 0; i < said->count; i++) {
    const uint8_t *key = old->members[place_in(old, said->numbers[i])].keys;
    (void)put(message, 184, said->numbers[i], 2);
    if (crypto_sign_verify_detached(said->signatures[i], message, sizeof message, key) != 0) return false;
  }
  return true;
}

/* True if this is an answer that the six steps of the page allow; within a step, whatever of it does not hold. */
static bool is_answer(ts_result result, const uint8_t *data, size_t length, const uint8_t domain[32], const people *was) {
  static reading old, next;
  field from = {was->encoded, was->length, false}, all = {data, length, false};
  votes said = {0};
  uint8_t digest[32], epoch[8];
  read_roster(&from, &old);
  all.cut |= memcmp(take(&all, 8), "ts.succ1", 8) != 0 || memcmp(take(&all, 8), "ts.ckcr1", 8) != 0;
  const uint8_t *place = take(&all, 176);
  uint64_t count = number(&all, 4);
  all.cut |= count > TS_MODULES_MAX;
  for (; !all.cut && said.count < count; said.count++) {
    said.numbers[said.count] = number(&all, 2);
    said.signatures[said.count] = take(&all, 64);
  }
  if (all.cut) return result == TS_MALFORMED;
  read_roster(&all, &next);
  if (all.cut) return result == TS_MALFORMED;
  bool form = is_roster(&next), sound = keys_are_valid(&next);
  if (all.left > 0 || !form || !sound)
    return (result == TS_MALFORMED && all.left > 0) || (result == TS_ROSTER_INVALID && !form) ||
           (result == TS_KEY_INVALID && !sound);
  (void)put(epoch, 0, old.epoch, 8);
  if (memcmp(place, domain, 32) != 0) return result == TS_OTHER_DOMAIN;
  if (memcmp(place + 32, epoch, 8) != 0) return result == TS_OTHER_ROSTER_EPOCH;
  if (memcmp(place + 40, was->digest, 32) != 0) return result == TS_OTHER_ROSTER;
  if (said.count < old.q) return result == TS_TOO_FEW_VOTES;
  if (said.count > old.q) return result == TS_TOO_MANY_VOTES;
  bool order = rising(&said), known = of_members(&said, &old);
  if (!order || !known) return (result == TS_VOTERS_NOT_RISING && !order) || (result == TS_UNKNOWN_VOTER && !known);
  if (!signed_by_all(&said, &old, place)) return result == TS_VOTE_SIGNATURE;
  (void)crypto_hash_sha256(digest, next.start, next.length);
  if (memcmp(place + 144, digest, 32) != 0) return result == TS_OTHER_NEXT_ROSTER;
  return result == (may_follow(&old, &next) ? TS_OK : TS_ROSTER_CHANGE);
}

/* ---- Both -------------------------------------------------------------------------------------------------------------- */

/* As ts_roster_parse would have it; that takes most of the time of an input. */
static void pin(const people *old, ts_roster *out) {
  out->epoch = old->epoch;
  out->f = (uint16_t)old->f;
  out->q = (uint16_t)old->q;
  out->count = old->count;
  memcpy(out->digest, old->digest, 32);
  for (size_t i = 0; i < old->count; i++) {
    const person *member = &old->members[i];
    out->members[i] = (ts_member){.number = member->number, .name_length = 1, .name = {member->name}};
    memcpy(out->members[i].vote_key, keys[member->key].vote, 32);
    memcpy(out->members[i].sealing_key, keys[member->sealing].sealing, 32);
  }
}

static void check(const uint8_t *data, size_t length, const uint8_t domain[32], const people *old) {
  static ts_roster pinned, next;
  ts_bytes encoded = {NULL, 0};
  uint8_t *exact = malloc(length > 0 ? length : 1); /* so that a sanitizer sees one byte too many */
  CHECK(exact != NULL);
  if (length > 0) memcpy(exact, data, length);
  pin(old, &pinned);
  ts_result result = ts_succession_check(exact, length, domain, &pinned, &next, &encoded);
  CHECK(is_answer(result, exact, length, domain, old));
  if (result == TS_OK) {
    CHECK(encoded.data > exact && encoded.data + encoded.length == exact + length);
    CHECK(ts_roster_parse(encoded.data, encoded.length, &pinned) == TS_OK); /* what is stored is what was checked */
    CHECK(pinned.epoch == next.epoch && pinned.q == next.q && pinned.count == next.count);
    CHECK(memcmp(pinned.digest, next.digest, 32) == 0 && memcmp(exact + 160, next.digest, 32) == 0);
  }
  free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static uint8_t made[SUCCESSION_MAX];
  static people old, next;
  const uint8_t domain[32] = "the trust domain";
  if (size == 0 || sodium_init() < 0) return 0;
  make_keys();
  input = data + 1;
  input_end = data[0] == 0 ? input : data + size;
  draw_old(&old);
  if (data[0] == 0) {
    check(data + 1, size - 1, domain, &old);
    return 0;
  }
  draw_next(&old, &next);
  check(made, draw_succession(&old, &next, domain, made), domain, &old);
  return 0;
}
