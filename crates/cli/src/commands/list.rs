//! `kafkasim list`: what is modelled, from the tables themselves.

use super::Exit;

pub(crate) fn act() -> Exit {
    println!("Tools");
    for tool in shell_tools() {
        println!("  {tool}");
    }
    println!("\nsim verbs");
    for verb in lab::verbs::VERBS {
        println!("  sim {:<52} {}", verb.usage, verb.summary);
    }
    println!("\nFacts for checks and predictions");
    for fact in lessons::FACTS {
        println!("  {:<40} {}", format!("{}({})", fact.name, fact.args.join(", ")), fact.doc);
    }
    println!("\nInvariants");
    for invariant in lab::INVARIANTS {
        println!("  {:<28} {} [{}]", invariant.id, invariant.doc, invariant.source);
    }
    println!("\nRequests");
    for (number, name, route) in lab::apis() {
        println!("  {number:>3} {name:<26} {route}");
    }
    println!("\nLessons");
    for (name, _) in lessons::BUNDLED {
        println!("  {name}");
    }
    Ok(0)
}

fn shell_tools() -> Vec<&'static str> {
    lab::tools().map(|(name, _)| name).collect()
}
