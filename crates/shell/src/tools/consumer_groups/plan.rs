//! The file of `kafka-consumer-groups --reset-offsets --from-file` (`ConsumerGroupCommand#parseResetPlan`, `CsvUtils`). Left out:
//! lines with more cells than there are fields.

use protocol::{GroupId, TopicPartition};

/// What a file plans, and what is printed of it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Plan {
    pub(super) rows: Vec<(GroupId, TopicPartition, i64)>,
    /// What Java prints of the first line, if it is no `topic,partition,offset`.
    pub(super) trace: Option<String>,
}

impl Plan {
    /// Lines of `topic,partition,offset`, if the first one is and there is a `single` group, else of `group,topic,partition,offset`:
    /// both as `--export` writes them. A cell that a line lacks is 0.
    ///
    /// # Errors
    /// The exception and what it says of a number that is none.
    pub(super) fn read(text: &str, single: Option<&GroupId>) -> Result<Plan, String> {
        let lines: Vec<&str> = text.split('\n').filter(|line| !line.trim().is_empty()).collect();
        let first = lines.first().map(|line| without_group(line)).transpose();
        let is_old = first.as_ref().is_ok_and(Option::is_some);
        let row = |line: &&str| match single.filter(|_| is_old) {
            Some(group) => without_group(line).map(|(tp, offset)| (group.clone(), tp, offset)),
            None => with_group(line),
        };
        Ok(Plan { rows: lines.iter().map(row).collect::<Result<_, _>>()?, trace: first.err() })
    }
}

fn without_group(line: &str) -> Result<(TopicPartition, i64), String> {
    let row = Row { line, class: "CsvRecordNoGroup" };
    let partition = row.number(1, "partition", "int")?;
    Ok((TopicPartition::new(row.text(0), partition), row.number(2, "offset", "long")?))
}

fn with_group(line: &str) -> Result<(GroupId, TopicPartition, i64), String> {
    let row = Row { line, class: "CsvRecordWithGroup" };
    let partition = row.number(2, "partition", "int")?;
    Ok((row.text(0).into(), TopicPartition::new(row.text(1), partition), row.number(3, "offset", "long")?))
}

/// A line that is read as a Java class.
struct Row<'a> {
    line: &'a str,
    class: &'static str,
}

impl<'a> Row<'a> {
    fn text(&self, at: usize) -> &'a str {
        self.line.trim_end().split(',').nth(at).unwrap_or("").trim_matches('"')
    }

    /// The number in a cell: 0 if there is none.
    fn number<T: std::str::FromStr + Default>(&self, at: usize, field: &str, kind: &str) -> Result<T, String> {
        let text = self.text(at);
        if text.trim().is_empty() {
            return Ok(T::default());
        }
        let column = 1 + self.line.split(',').take(at).map(|cell| cell.len() + 1).sum::<usize>();
        text.trim().parse().map_err(|_| {
            format!(
                "com.fasterxml.jackson.databind.exc.InvalidFormatException: Cannot deserialize value of type `{kind}` from String \"{text}\": not a valid `{kind}` value\n at [Source: (StringReader); line: 1, column: {column}] (through reference chain: org.apache.kafka.tools.consumer.group.CsvUtils${}[\"{field}\"])",
                self.class
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Kafka's tool reads these files for group `g`.
    #[track_caller]
    fn check(text: &str, expected: &str) {
        let shown = match Plan::read(text, Some(&"g".into())) {
            Ok(plan) => {
                let rows: Vec<String> = plan.rows.iter().map(|(g, tp, offset)| format!("{g} {tp} {offset}")).collect();
                let trace = plan.trace.map(|trace| format!(" ({})", trace.lines().last().unwrap_or_default()));
                format!("{}{}", rows.join(", "), trace.unwrap_or_default())
            }
            Err(error) => error,
        };
        assert_eq!(shown, expected, "{text}");
    }

    const AT: &str = " at [Source: (StringReader); line: 1, column: 3] (through reference chain: org.apache.kafka.tools.consumer.group.CsvUtils$CsvRecordNoGroup[\"partition\"])";

    #[test]
    fn a_file_is_of_one_group_if_its_first_line_is() {
        check("t,0,2\n\"t\",1,1\n", "g t-0 2, g t-1 1");
        check("t,0\n", "g t-0 0");
        check("", "");
        check("g,t,0,3\n", &format!("g t-0 3 ({AT})"));
        check("t,x,2\n", &format!("t x-2 0 ({AT})"));
    }

    #[test]
    fn a_number_that_is_none_ends_it() {
        check(
            "t,0,y\n",
            "com.fasterxml.jackson.databind.exc.InvalidFormatException: Cannot deserialize value of type `int` from String \"y\": not a valid `int` value\n at [Source: (StringReader); line: 1, column: 5] (through reference chain: org.apache.kafka.tools.consumer.group.CsvUtils$CsvRecordWithGroup[\"partition\"])",
        );
    }
}
