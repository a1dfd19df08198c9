//! `kafkasim place`: where replicas go.

use cluster::controller::placement::{UsableBroker, place};
use cluster::controller::random::Lcg;
use protocol::BrokerId;

use super::Exit;

/// Arguments of `place`.
#[derive(clap::Args)]
pub(crate) struct Place {
    /// Broker ids: `3` for 1, 2, 3, or a list `1,2,5`, each with a rack if it has one: `1:a,2:a,3:b`.
    #[arg(long)]
    brokers: String,
    /// How many partitions.
    #[arg(long, value_parser = clap::value_parser!(i32).range(1..))]
    partitions: i32,
    /// How many replicas each.
    #[arg(long, alias = "replication-factor", value_parser = clap::value_parser!(i16).range(1..))]
    rf: i16,
    /// Draws as Kafka's placer would with `new java.util.Random(N)`; real controllers draw anew for every topic.
    #[arg(long, value_name = "N", default_value_t = 0, allow_negative_numbers = true)]
    java_random_seed: i64,
    /// Prints JSON: a list of replicas for each partition.
    #[arg(long)]
    json: bool,
}

impl Place {
    pub(crate) fn act(self) -> Exit {
        let brokers = brokers(&self.brokers)?;
        let mut random = Lcg::new(self.java_random_seed);
        let placed = place(&mut random, &brokers, self.partitions, i32::from(self.rf))?;
        if self.json {
            let ids: Vec<Vec<i32>> = placed.iter().map(|replicas| replicas.iter().map(|id| id.0).collect()).collect();
            println!("{}", serde_json::json!(ids));
            return Ok(0);
        }
        for (partition, replicas) in placed.iter().enumerate() {
            let ids: Vec<String> = replicas.iter().map(ToString::to_string).collect();
            println!("Partition: {partition}\tLeader: {}\tReplicas: {}", ids[0], ids.join(","));
        }
        Ok(0)
    }
}

fn brokers(text: &str) -> Result<Vec<UsableBroker>, String> {
    if let Ok(count @ 1..=1000) = text.parse::<i32>() {
        return Ok((1..=count).map(|id| UsableBroker { id: BrokerId(id), rack: None, fenced: false }).collect());
    }
    let one = |word: &str| {
        let (id, rack) = word.split_once(':').map_or((word, None), |(id, rack)| (id, Some(rack.into())));
        let id: i32 = id
            .trim()
            .parse()
            .map_err(|_| format!("--brokers: `{id}` is not a broker id; write 3, or 1,2,5, or 1:rack-a,2:rack-b"))?;
        Ok(UsableBroker { id: BrokerId(id), rack, fenced: false })
    };
    let brokers: Vec<UsableBroker> = text.split(',').map(one).collect::<Result<_, String>>()?;
    let mut ids: Vec<_> = brokers.iter().map(|broker| broker.id).collect();
    ids.sort();
    ids.dedup();
    match ids.len() == brokers.len() {
        true => Ok(brokers),
        false => Err("--brokers: an id stands twice".into()),
    }
}
