import java.net.*;
import java.nio.file.*;
import java.util.concurrent.*;
import java.util.stream.*;

public class Hello {
  public static void main(String[] words) throws Exception {
    // Hot enough to be compiled, on several threads.
    long sum = IntStream.range(0, 3_000_000).parallel().mapToLong(i -> i % 7).sum();
    Path file = Files.createTempFile(Path.of("."), "hello", ".txt");
    Files.writeString(file, "sum " + sum);
    var server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
    var pool = Executors.newFixedThreadPool(2);
    pool.submit(() -> {
      try (var client = server.accept()) {
        client.getOutputStream().write(Files.readAllBytes(file));
      }
      return null;
    });
    try (var client = new Socket(server.getInetAddress(), server.getLocalPort())) {
      System.out.println(new String(client.getInputStream().readAllBytes()));
    }
    pool.shutdown();
    var child = new ProcessBuilder("echo", "from a child").redirectErrorStream(true).start();
    System.out.print(new String(child.getInputStream().readAllBytes()));
    System.out.println("ended with " + child.waitFor());
    Files.delete(file);
    System.gc();
  }
}
