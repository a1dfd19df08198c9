//! `kafkasim place`: where replicas go.

use lab::pocket::place;

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
        let placed = place(self.java_random_seed, &brokers, self.partitions, i32::from(self.rf))?;
        if self.json {
            println!("{}", serde_json::json!(placed));
            return Ok(0);
        }
        for (partition, replicas) in placed.iter().enumerate() {
            let ids: Vec<String> = replicas.iter().map(ToString::to_string).collect();
            println!("Partition: {partition}\tLeader: {}\tReplicas: {}", ids[0], ids.join(","));
        }
        Ok(0)
    }
}

fn brokers(text: &str) -> Result<Vec<(i32, Option<String>)>, String> {
    if let Ok(count @ 1..=1000) = text.parse::<i32>() {
        return Ok((1..=count).map(|id| (id, None)).collect());
    }
    let one = |word: &str| {
        let (id, rack) = word.split_once(':').map_or((word, None), |(id, rack)| (id, Some(rack.into())));
        let id: i32 = id
            .trim()
            .parse()
            .map_err(|_| format!("--brokers: `{id}` is not a broker id; write 3, or 1,2,5, or 1:rack-a,2:rack-b"))?;
        Ok((id, rack))
    };
    let brokers: Vec<(i32, Option<String>)> = text.split(',').map(one).collect::<Result<_, String>>()?;
    let mut ids: Vec<_> = brokers.iter().map(|(id, _)| *id).collect();
    ids.sort();
    ids.dedup();
    match ids.len() == brokers.len() {
        true => Ok(brokers),
        false => Err("--brokers: an id stands twice".into()),
    }
}
