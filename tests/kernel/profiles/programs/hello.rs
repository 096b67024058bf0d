// Starts, prints, ends. With an argument it panics and aborts.
fn main() {
    println!("hello {:.2}", 1.5);
    if std::env::args().count() > 1 {
        std::process::abort();
    }
}
