//! `cordoned.log.dirs`: log directories that take no new replicas (KIP-1066).

use super::split_list;

/// What it is called.
pub const CORDONED_LOG_DIRS: &str = "cordoned.log.dirs";
/// All log directories.
const ALL: &str = "*";

/// Which of a broker's log directories a value cordons, by their places (`AbstractKafkaConfig#cordonedLogDirs`).
///
/// # Errors
/// What Kafka says of directories that the broker does not have, or of `*` among others (`KafkaConfig#validateCordonedLogDirs`).
pub fn cordoned_log_dirs(value: &str, log_dirs: &[&str]) -> Result<Vec<usize>, String> {
    let named: Vec<&str> = split_list(value).collect();
    if named.contains(&ALL) {
        return match named.iter().all(|dir| *dir == ALL) {
            true => Ok((0..log_dirs.len()).collect()),
            false => Err(format!(
                "requirement failed: When {CORDONED_LOG_DIRS} is set to {ALL}, it must not contain other values"
            )),
        };
    }
    let unknown: Vec<&str> = named.iter().copied().filter(|dir| !log_dirs.contains(dir)).collect();
    match unknown.is_empty() {
        true => Ok((0..log_dirs.len()).filter(|place| named.contains(&log_dirs[*place])).collect()),
        false => Err(format!(
            "requirement failed: All entries in {CORDONED_LOG_DIRS} must be present in log.dirs or log.dir. Missing entries : {}",
            unknown.join(", ")
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_are_cordoned_one_by_one_or_all_together() {
        let of = |value| cordoned_log_dirs(value, &["/a", "/b"]);
        assert_eq!(
            (of(""), of("/b"), of(" /b , /a"), of("*")),
            (Ok(vec![]), Ok(vec![1]), Ok(vec![0, 1]), Ok(vec![0, 1]))
        );
        // What stands twice counts once (`ConfigDef#parseValue`).
        assert_eq!((of("/b,/b"), of("*,*")), (Ok(vec![1]), Ok(vec![0, 1])));
        let why = "requirement failed: All entries in cordoned.log.dirs must be present in log.dirs or log.dir. Missing entries : /nope";
        assert_eq!(of("/a,/nope"), Err(why.into()));
        let why = "requirement failed: When cordoned.log.dirs is set to *, it must not contain other values";
        assert_eq!(of("*,/a"), Err(why.into()));
    }
}
