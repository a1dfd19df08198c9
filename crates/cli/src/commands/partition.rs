//! `kafkasim partition`: where a key goes.

use clap::ValueEnum;
use lab::pocket::partition_of;
use lab::scenario::Family;

use super::Exit;

/// Arguments of `partition`.
#[derive(clap::Args)]
pub(crate) struct Partition {
    /// The key, as UTF-8 text.
    #[arg(long)]
    key: String,
    /// How many partitions the topic has.
    #[arg(long, value_parser = clap::value_parser!(i32).range(1..))]
    partitions: i32,
    /// The client family.
    #[arg(long, value_enum, default_value_t = Client::Java)]
    client: Client,
    /// Prints the hash and the reason as well, as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Client {
    /// Java, and kafka-python: murmur2.
    Java,
    /// librdkafka and what is built on it: CRC32.
    Librdkafka,
}

impl Partition {
    pub(crate) fn act(self) -> Exit {
        let family = match self.client {
            Client::Java => Family::Java,
            Client::Librdkafka => Family::Librdkafka,
        };
        let found = partition_of(self.key.as_bytes(), self.partitions, family);
        if self.json {
            println!(
                "{}",
                serde_json::json!({ "partition": found.partition, "hash": found.hash, "reason": found.reason })
            );
            return Ok(0);
        }
        match found.partition {
            Some(partition) => println!("{partition}"),
            None => return Err(found.reason),
        }
        Ok(0)
    }
}
