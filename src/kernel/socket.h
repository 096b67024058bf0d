// Socket: a pair of connected local sockets, for messages and descriptors between our processes.
//
// In: bytes, a descriptor. Out: the same on the other side. Message sockets keep message borders.
// Neighbours: raw.h sends from a child of the launcher; sandbox/helper/supervisor.cc is the other
// side.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "kernel/fd.h"

namespace seclude::kernel {

struct SocketPair {
  Fd one, other;
};
enum class SocketKind : uint8_t { Messages, Stream };
// Both ends are close-on-exec and never 0, 1 or 2.
[[nodiscard]] Result<SocketPair> socket_pair(SocketKind kind);

struct Message {
  std::string bytes;  // empty: the other side has closed
  std::optional<Fd> descriptor;
};
// Sleeps until a message of up to `limit` bytes is there.
[[nodiscard]] Result<Message> receive(const Fd& socket, size_t limit);
// So many bytes of a stream, in however many pieces they come.
[[nodiscard]] Result<std::string> receive_all(int socket, size_t size);
[[nodiscard]] Result<void> send_message(const Fd& socket, std::string_view bytes);
// As much of it as nobody has to wait for, in bytes.
[[nodiscard]] Result<size_t> send_at_once(const Fd& socket, std::string_view bytes);
// Tells the other side that nothing more comes; it can still answer.
void end_sending(const Fd& socket);
// Ends the connection, even where other processes hold copies of this end.
void shut_down(const Fd& socket);

}  // namespace seclude::kernel
