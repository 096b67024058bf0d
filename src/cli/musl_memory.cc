// Musl, memory: copying and comparing of what is mostly a few bytes long.
//
// In: nothing. Out: memcpy, memmove and memcmp in place of musl's, which copy with string
// instructions, slow to begin, and compare byte by byte: names of calls are some ten bytes long,
// and a launch looks at thousands of them. Linked into the static program only. Neighbours:
// musl.cc.
#include <cstddef>
#include <cstdint>

namespace {

template <typename Word>
Word word_at(const char* place) {
  Word word;
  __builtin_memcpy(&word, place, sizeof word);
  return word;
}

// All of it, where it is once to twice as long as a word: by two that may overlap.
template <typename Word>
void copy_by_two(char* to, const char* from, size_t size) {
  const Word first = word_at<Word>(from), last = word_at<Word>(from + size - sizeof(Word));
  __builtin_memcpy(to, &first, sizeof first);
  __builtin_memcpy(to + size - sizeof last, &last, sizeof last);
}

struct Sixteen {
  uint64_t low, high;
};

// More than sixteen bytes, which may overlap: what is read late is not yet written.
void copy_forward(char* to, const char* from, size_t size) {
  const auto last = word_at<Sixteen>(from + size - sizeof(Sixteen));
  char* const end = to + size - sizeof last;
  for (; to < end; to += sizeof(Sixteen), from += sizeof(Sixteen)) {
    const auto next = word_at<Sixteen>(from);
    __builtin_memcpy(to, &next, sizeof next);
  }
  __builtin_memcpy(end, &last, sizeof last);
}

void copy_backward(char* to, const char* from, size_t size) {
  const auto first = word_at<Sixteen>(from);
  for (; size > sizeof(Sixteen); size -= sizeof(Sixteen)) {
    const auto next = word_at<Sixteen>(from + size - sizeof(Sixteen));
    __builtin_memcpy(to + size - sizeof next, &next, sizeof next);
  }
  __builtin_memcpy(to, &first, sizeof first);
}

void copy_few(char* to, const char* from, size_t size) {
  if (size >= 8)
    copy_by_two<uint64_t>(to, from, size);
  else if (size >= 4)
    copy_by_two<uint32_t>(to, from, size);
  else if (size >= 2)
    copy_by_two<uint16_t>(to, from, size);
  else if (size == 1)
    *to = *from;
}

int order(uint64_t left, uint64_t right) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  left = __builtin_bswap64(left), right = __builtin_bswap64(right);
#endif
  return left < right ? -1 : 1;
}

}  // namespace

extern "C" {

void* memcpy(void* target, const void* source, size_t size) {
  auto* const to = static_cast<char*>(target);
  const auto* const from = static_cast<const char*>(source);
  if (size <= sizeof(Sixteen)) {
    copy_few(to, from, size);
    return target;
  }
#if defined(__x86_64__)
  constexpr size_t by_the_processor = 512;  // from where its string instruction is quicker
  if (size >= by_the_processor) {
    void* end = target;
    asm volatile("rep movsb" : "+D"(end), "+S"(source), "+c"(size) : : "memory");
    return target;
  }
#endif
  copy_forward(to, from, size);
  return target;
}

void* memmove(void* target, const void* source, size_t size) {
  auto* const to = static_cast<char*>(target);
  const auto* const from = static_cast<const char*>(source);
  if (size <= sizeof(Sixteen))
    copy_few(to, from, size);
  else if (reinterpret_cast<uintptr_t>(to) - reinterpret_cast<uintptr_t>(from) < size)
    copy_backward(to, from, size);
  else
    copy_forward(to, from, size);
  return target;
}

int memcmp(const void* one, const void* other, size_t size) {
  const auto* left = static_cast<const char*>(one);
  const auto* right = static_cast<const char*>(other);
  for (; size >= 8; left += 8, right += 8, size -= 8) {
    const auto a = word_at<uint64_t>(left), b = word_at<uint64_t>(right);
    if (a != b) return order(a, b);
  }
  for (; size > 0; ++left, ++right, --size)
    if (*left != *right)
      return static_cast<unsigned char>(*left) - static_cast<unsigned char>(*right);
  return 0;
}

}  // extern "C"
