//! Prints the digests of the runs that must be equal everywhere.

fn main() {
    print!("{}", kafkasim_tests::digests());
}
