//! Sets of processes, and the one-way links between two of them: `1 | 2 3`, `leader:orders-0 > rest`.

use kernel::NodeId;

use super::Call;

impl Call<'_> {
    /// The one-way links that `A… | B…` (both ways) or `A… > B…` (one way) names.
    pub(super) fn links(&self, line: &str) -> Result<Vec<(NodeId, NodeId)>, String> {
        let (both_ways, sides) = match (line.split_once('|'), line.split_once('>')) {
            (Some(sides), None) => (true, sides),
            (None, Some(sides)) => (false, sides),
            _ => return Err("put `|` (both ways) or `>` (one way) between two sets of processes".into()),
        };
        let is_rest = |side: &str| side.trim() == "rest";
        if is_rest(sides.0) && is_rest(sides.1) {
            return Err("`rest` is all that the other side does not name".into());
        }
        let named_right = if is_rest(sides.0) { self.set(sides.1, &[])? } else { Vec::new() };
        let left = self.set(sides.0, &named_right)?;
        let right = if is_rest(sides.0) { named_right } else { self.set(sides.1, &left)? };
        if let Some(node) = left.iter().find(|node| right.contains(node)) {
            return Err(format!("{} is on both sides", self.lab.world.name(*node)));
        }
        let mut links = Vec::new();
        for from in &left {
            for to in &right {
                links.push((*from, *to));
                if both_ways {
                    links.push((*to, *from));
                }
            }
        }
        Ok(links)
    }

    /// The processes a side names; `rest` is every Kafka process and program not in `others`.
    pub(super) fn set(&self, side: &str, others: &[NodeId]) -> Result<Vec<NodeId>, String> {
        if side.trim() == "rest" {
            return Ok(self.lab.world.node_ids().filter(|node| !others.contains(node)).collect());
        }
        let mut nodes = Vec::new();
        let mut words = side.split([' ', ',']).filter(|w| !w.is_empty()).peekable();
        while let Some(word) = words.next() {
            let named = match words.peek() {
                Some(number) if matches!(word, "broker" | "controller" | "app") => {
                    let named = format!("{word} {number}");
                    words.next();
                    named
                }
                _ => word.to_owned(),
            };
            match named.split_once(':') {
                Some((kind, rest)) => nodes.extend(self.by_role(kind, rest)?),
                None => nodes.push(self.node(&named)?),
            }
        }
        match nodes.is_empty() {
            true => Err("one side names no process".into()),
            false => Ok(nodes),
        }
    }
}
