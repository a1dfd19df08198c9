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
    println!("\nSteps to die at");
    for step in lab::STEPS {
        println!("  {:<54} {}", step.name, step.doc);
    }
    println!("\nFacts for checks, predictions and conditions");
    for fact in lab::facts::FACTS {
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
