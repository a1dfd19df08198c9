//! `kafkasim partition`: where a key goes.

use clap::ValueEnum;
use protocol::hashing::{crc32, murmur2, to_positive};

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
        let key = self.key.as_bytes();
        let (partition, hash, reason) = match self.client {
            Client::Java => {
                let hash = murmur2(key);
                let reason = format!(
                    "(murmur2(key) & 0x7fffffff) % {} = {} % {}",
                    self.partitions,
                    to_positive(hash),
                    self.partitions
                );
                (Some(to_positive(hash) % self.partitions), i64::from(hash), reason)
            }
            Client::Librdkafka if key.is_empty() => (
                None,
                i64::from(crc32(key)),
                "librdkafka's consistent_random partitioner takes an empty key for no key: a random partition".into(),
            ),
            Client::Librdkafka => {
                let hash = crc32(key);
                let reason = format!("crc32(key) % {} = {hash} % {}", self.partitions, self.partitions);
                (Some((hash % self.partitions as u32) as i32), i64::from(hash), reason)
            }
        };
        if self.json {
            println!("{}", serde_json::json!({ "partition": partition, "hash": hash, "reason": reason }));
            return Ok(0);
        }
        match partition {
            Some(partition) => println!("{partition}"),
            None => return Err(reason),
        }
        Ok(0)
    }
}
