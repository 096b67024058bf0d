// Hello, in Go: goroutines on every processor, a server and a client, a file, a child process.
package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"sync"
	"time"
)

func main() {
	var wait sync.WaitGroup
	sums := make(chan int, 8)
	for i := 0; i < 8; i++ {
		wait.Add(1)
		go func() {
			defer wait.Done()
			sum := 0
			for n := 0; n < 20000000; n++ { // long enough to be interrupted
				sum += n % 7
			}
			sums <- sum
		}()
	}
	wait.Wait()
	listener, problem := net.Listen("tcp", "127.0.0.1:0")
	check(problem)
	go func() {
		client, problem := listener.Accept()
		check(problem)
		fmt.Fprintln(client, "sum", <-sums)
		client.Close()
	}()
	client, problem := net.Dial("tcp", listener.Addr().String())
	check(problem)
	body, problem := io.ReadAll(client)
	check(problem)
	addresses, problem := net.InterfaceAddrs()
	check(problem)
	check(os.WriteFile("out.txt", body, 0600))
	said, problem := exec.Command("cat", "out.txt").Output()
	check(problem)
	time.Sleep(10 * time.Millisecond)
	fmt.Print(string(said), len(addresses) > 0, "\n")
}

func check(problem error) {
	if problem != nil {
		fmt.Println(problem)
		os.Exit(1)
	}
}
