//! `docker run` of the workshops' images: the same programs, with the container's files and environment mapped back. And
//! `docker exec`: a command in the container of a broker or controller.

use protocol::gap;

use crate::launch::{Launch, LaunchError};
use crate::suggest::nearest;
use crate::tree::Hosts;

/// Images, with the words that start their program here. The container's arguments follow, the first one glued on if the
/// words end with `/`.
const IMAGES: &[(&str, &[&str])] = &[
    ("dclandau/cec-experiment-producer", &["experiment-producer"]),
    ("tkafka/simple", &["python", "simple_producer_consumer/"]),
    ("tkafka/commit_offsets", &["python", "commit_offsets/"]),
    ("tkafka/consumer_group", &["python", "consumer_group/"]),
];
/// Flags of `docker run` that take a value.
const WITH_VALUE: &[&str] = &[
    "-v",
    "--volume",
    "--name",
    "--network",
    "--net",
    "-p",
    "--publish",
    "-e",
    "--env",
    "-w",
    "--workdir",
    "-u",
    "--user",
    "-h",
    "--hostname",
    "--mount",
    "--entrypoint",
];

/// What a docker command comes to: a launch of a program here, or lines to print.
pub(crate) enum Docker {
    Run(Box<Launch>),
    Say(String),
}

/// Reads a docker command line.
pub(crate) fn read(launch: &Launch) -> Result<Docker, LaunchError> {
    gap!("docker stop, logs and ps", "workshop S1: use the program's terminal, or sim stop");
    match launch.argv.get(1).map(String::as_str) {
        Some("run") => run(launch, &launch.argv[2..]).map(|launch| Docker::Run(Box::new(launch))),
        Some("build" | "pull") => {
            Ok(Docker::Say("nothing to build or pull: the workshops' programs come with the simulator".to_owned()))
        }
        Some("network") => Ok(Docker::Say("nothing to do: all programs here share one network".to_owned())),
        Some(other) => Err(LaunchError::one(
            format!(
                "docker: '{other}' is not modelled; stop a program with Ctrl-C in its terminal or `sim stop app N`, and read its output there"
            ),
            1,
        )),
        None => Err(LaunchError::one("docker: here it knows `run`, `exec`, `build`, `pull` and `network`", 1)),
    }
}

/// The container that `docker exec HOST …` names, and the command to run in it; any other command runs where it is.
/// `docker compose exec` and `docker-compose exec` are the same, and so is what `sh -c` is given.
pub(crate) fn exec(argv: &[String], hosts: &dyn Hosts) -> Result<(Option<String>, Vec<String>), LaunchError> {
    let words: Vec<&str> = argv.iter().map(String::as_str).collect();
    let rest = match words.as_slice() {
        ["docker", "exec", rest @ ..]
        | ["docker", "compose", "exec", rest @ ..]
        | ["docker-compose", "exec", rest @ ..] => rest,
        _ => return Ok((None, argv.to_vec())),
    };
    let mut at = 0;
    while let Some(word) = rest.get(at).filter(|word| word.starts_with('-')) {
        let takes_value = WITH_VALUE.contains(word);
        at += if takes_value { 2 } else { 1 };
    }
    let Some((name, command)) = rest.get(at..).and_then(<[&str]>::split_first) else {
        return Err(LaunchError::one(
            "docker: \"docker exec\" requires at least 2 arguments: a container and a command",
            1,
        ));
    };
    let Some(host) = hosts.find(name) else {
        let mut lines = vec![format!("Error response from daemon: No such container: {name}")];
        lines.push(format!("hint: the containers here are {}", hosts.names().join(", ")));
        return Err(LaunchError { lines, code: 1 });
    };
    if !hosts.is_running(&host) {
        return Err(LaunchError::one(format!("Error response from daemon: container {host} is not running"), 1));
    }
    let words = match command {
        ["sh" | "bash", "-c" | "-lc", line] => one_command(line)?,
        [] | ["sh" | "bash", ..] => {
            return Err(LaunchError::one(
                format!("docker: a shell in a container is not modelled; give the command: docker exec {name} ls"),
                1,
            ));
        }
        command => command.iter().map(|word| (*word).to_owned()).collect(),
    };
    // In a container `localhost` is the container.
    Ok((
        Some(host.to_string()),
        words.iter().map(|word| word.replace("localhost:9092", &format!("{host}:9092"))).collect(),
    ))
}

/// The one command of a line given to `sh -c`.
fn one_command(line: &str) -> Result<Vec<String>, LaunchError> {
    let parsed = crate::parse_line(line).map_err(|error| LaunchError::one(error.to_string(), 2))?;
    match parsed.pipelines.as_slice() {
        [only] if only.commands.len() == 1 => Ok(only.commands[0].argv.clone()),
        _ => Err(LaunchError::one("docker: `sh -c` takes one command here; put pipes outside of the quotes", 2)),
    }
}

fn run(launch: &Launch, words: &[String]) -> Result<Launch, LaunchError> {
    let mut launch = Launch { argv: vec![], ..launch.clone() };
    let mut mounts: Vec<(String, String)> = Vec::new();
    let mut at = 0;
    while let Some(word) = words.get(at).filter(|word| word.starts_with('-')) {
        let (flag, attached) = word.split_once('=').map_or((word.as_str(), None), |(f, v)| (f, Some(v.to_owned())));
        let takes_value = WITH_VALUE.contains(&flag);
        let value = attached.clone().or_else(|| words.get(at + 1).filter(|_| takes_value).cloned());
        match (flag, value) {
            ("-v" | "--volume", Some(mount)) => mounts.extend(
                mount.split_once(':').map(|(from, to)| (from.to_owned(), to.trim_end_matches(":ro").to_owned())),
            ),
            ("-e" | "--env", Some(pair)) => {
                launch.env.extend(pair.split_once('=').map(|(k, v)| (k.to_owned(), v.to_owned())))
            }
            _ => {}
        }
        at += if takes_value && attached.is_none() { 2 } else { 1 };
    }
    let image = words
        .get(at)
        .ok_or_else(|| LaunchError::one("docker: \"docker run\" requires at least 1 argument: an image", 125))?;
    let name = image.split(':').next().unwrap_or(image);
    let Some((_, start)) = IMAGES.iter().find(|(known, _)| *known == name) else {
        let mut lines = vec![format!(
            "Unable to find image '{image}' locally; the images here are {}",
            IMAGES.iter().map(|(n, _)| *n).collect::<Vec<_>>().join(", ")
        )];
        lines.extend(nearest(name, IMAGES.iter().map(|(n, _)| *n)).map(|near| format!("hint: did you mean {near}?")));
        return Err(LaunchError { lines, code: 125 });
    };
    launch.argv = start.iter().map(|word| (*word).to_owned()).collect();
    let mut args = words[at + 1..].iter().map(|arg| mapped(arg, &mounts));
    if let Some(folder) = launch.argv.last_mut().filter(|word| word.ends_with('/')) {
        folder.push_str(&args.next().unwrap_or_default());
    }
    launch.argv.extend(args);
    Ok(launch)
}

/// A container path as a path here.
fn mapped(arg: &str, mounts: &[(String, String)]) -> String {
    for (from, to) in mounts {
        if let Some(rest) = arg.strip_prefix(to.as_str())
            && (rest.is_empty() || rest.starts_with('/'))
        {
            return format!("{from}{rest}");
        }
    }
    arg.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Profile;

    fn check(line: &str, expected: &str) {
        let line = crate::parse_line(line).expect("it parses");
        let launch = Launch::new(line.pipelines[0].commands[0].argv.clone(), Profile::Librdkafka);
        let found = match read(&launch) {
            Ok(Docker::Run(launch)) => launch.command_line(),
            Ok(Docker::Say(text)) => text,
            Err(error) => error.to_string(),
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn the_workshops_docker_lines_start_its_programs() {
        check(
            "docker run --rm --name producer -v <auth-dir>:/experiment-producer/auth -v ./kafka/loads/3.json:/config.json -it --network producer dclandau/cec-experiment-producer -b kafka1.dlandau.nl:19092 --config-file /config.json --topic t".replace("<auth-dir>", "auth").as_str(),
            "experiment-producer -b kafka1.dlandau.nl:19092 --config-file ./kafka/loads/3.json --topic t",
        );
        check(
            "docker run \\\n    --rm \\\n    -d \\\n    --name consumer_1 \\\n    -v \"$(pwd)/auth\":/usr/src/app/auth \\\n    tkafka/consumer_group consumer.py \"client58\" \"g\"",
            "python consumer_group/consumer.py client58 g",
        );
        check(
            "docker build -t tkafka/simple simple_producer_consumer",
            "nothing to build or pull: the workshops' programs come with the simulator",
        );
        check(
            "docker run tkafka/simpel x",
            "Unable to find image 'tkafka/simpel' locally; the images here are dclandau/cec-experiment-producer, tkafka/simple, tkafka/commit_offsets, tkafka/consumer_group\nhint: did you mean tkafka/simple?",
        );
    }
}
