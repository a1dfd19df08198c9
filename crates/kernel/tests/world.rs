//! The kernel through its public face: order, connections, the four ways to go, storage.

use kernel::*;

/// A machine that connects, counts pings, and keeps a disk.
#[derive(Clone, Hash, Default)]
struct Echo {
    target: Option<String>,
    say: u32,
    got: Vec<u32>,
    closed: Vec<CloseReason>,
    opened: u32,
    accepted: u32,
    written: u32,
    durable: u32,
}

#[derive(Clone, Hash, Debug)]
struct Ping(u32);
impl Machine for Echo {
    type Message = Ping;
    type Note = u32;
    fn step(&mut self, now: Time, input: Input<Ping>, fx: &mut Effects<Ping, u32>) {
        match input {
            Input::Start => {
                fx.listen(1);
                if let Some(host) = &self.target {
                    let conn = fx.connect(host, 1);
                    for n in 0..self.say {
                        fx.send(conn, Ping(n));
                    }
                }
            }
            Input::Message { message, .. } => {
                self.got.push(message.0);
                self.written += 1;
                fx.note(message.0);
                if message.0 % 2 == 0 {
                    fx.sync(u64::from(self.written));
                }
            }
            Input::Opened { .. } => self.opened += 1,
            Input::Accepted { .. } => self.accepted += 1,
            Input::Synced { token } => self.durable = token as u32,
            Input::Closed { reason, .. } => self.closed.push(reason),
            Input::Order(Order::Terminate) => fx.exit(0),
            Input::Order(Order::Line(line)) => {
                let conn = fx.connect(&line, 1);
                fx.send(conn, Ping(now.as_millis() as u32));
            }
            _ => {}
        }
    }
    fn wire_bytes(_: &Ping) -> u64 {
        100
    }
    fn halt(&mut self, _: Time, death: Death) {
        if death == Death::PowerLoss {
            self.written = self.durable;
        }
    }
}

fn pair(say: u32) -> (World<Echo>, NodeId, NodeId) {
    let mut world = World::new(7, NetworkSpec::default());
    let b = world.add_node("b", Echo::default());
    let a = world.add_node("a", Echo { target: Some("b".into()), say, ..Echo::default() });
    world.start(b);
    world.start(a);
    (world, a, b)
}

#[test]
fn messages_on_a_connection_keep_their_order_in_spite_of_jitter() {
    let (mut world, _, b) = pair(50);
    world.run_until(Time::from_millis(20));
    assert_eq!(world.machine(b).got, (0..50).collect::<Vec<_>>());
}

#[test]
fn the_same_seed_gives_the_same_digest_and_another_seed_another() {
    let digest = |seed| {
        let mut world = World::new(seed, NetworkSpec::default());
        let b = world.add_node("b", Echo::default());
        let a = world.add_node("a", Echo { target: Some("b".into()), say: 9, ..Echo::default() });
        world.start(b);
        world.start(a);
        world.run_until(Time::from_millis(9));
        world.digest()
    };
    assert_eq!(digest(1), digest(1));
    assert_ne!(digest(1), digest(2));
}

#[test]
fn a_cut_holds_messages_in_order_until_it_heals() {
    let (mut world, a, b) = pair(3);
    world.cut(a, b);
    world.run_until(Time::from_millis(500));
    assert!(world.machine(b).got.is_empty());
    assert_eq!(world.flights().iter().filter(|f| f.held).count(), 3);
    world.heal(a, b);
    world.run_until(Time::from_millis(510));
    assert_eq!(world.machine(b).got, [0, 1, 2]);
}

#[test]
fn a_kill_resets_a_clean_exit_closes_and_a_power_loss_is_silent() {
    for (death, expected) in
        [("kill", vec![CloseReason::Reset]), ("exit", vec![CloseReason::Closed]), ("power", vec![])]
    {
        let (mut world, a, b) = pair(1);
        world.run_until(Time::from_millis(20));
        match death {
            "kill" => drop(world.kill(b)),
            "exit" => world.order(b, Order::Terminate),
            _ => drop(world.power_off(b)),
        }
        world.run_until(Time::from_millis(60));
        assert_eq!(world.machine(a).closed, expected, "{death}");
    }
}

#[test]
fn a_dead_process_refuses_and_a_dead_host_says_nothing() {
    let (mut world, a, b) = pair(0);
    world.run_until(Time::from_millis(5));
    world.kill(b);
    world.run_until(Time::from_millis(10));
    world.machine_mut(a).closed.clear();
    world.order(a, Order::Line("b".into()));
    world.order(a, Order::Line("nowhere".into()));
    world.run_until(Time::from_millis(20));
    assert_eq!(world.machine(a).closed, [CloseReason::UnknownHost, CloseReason::Refused]);
    world.power_off(b);
    world.order(a, Order::Line("b".into()));
    world.run_until(Time::from_millis(60));
    assert_eq!(world.machine(a).closed.len(), 2);
}

#[test]
fn a_host_that_came_back_resets_connections_it_no_longer_knows() {
    let (mut world, a, b) = pair(1);
    world.run_until(Time::from_millis(20));
    world.power_off(a);
    world.start(a);
    world.run_until(Time::from_millis(40));
    // `a` opened a fresh connection; the old one is unknown to it, which `b` would learn on its next send.
    assert_eq!(world.machine(b).got, [0, 0]);
}

#[test]
fn power_loss_takes_what_no_sync_covered() {
    let (mut world, _, b) = pair(4);
    world.run_until(Time::from_millis(3));
    assert_eq!(world.machine(b).written, 4);
    world.power_off(b);
    assert!(world.machine(b).written < 4, "the syncs take 2 ms and were still running");
    let (mut world, _, b) = pair(4);
    world.run_until(Time::from_millis(30));
    world.power_off(b);
    assert_eq!(world.machine(b).written, 3, "the sync asked for at the third write was the last one");
}

#[test]
fn a_paused_process_gets_everything_once_it_goes_on() {
    let (mut world, _, b) = pair(3);
    world.pause(b);
    world.run_until(Time::from_millis(100));
    assert!(world.machine(b).got.is_empty());
    world.resume(b);
    world.run_until(Time::from_millis(101));
    assert_eq!(world.state(b), NodeState::Running);
}

/// As operating systems do, which know nothing of what a process does with its time.
#[test]
fn the_host_of_a_paused_process_opens_connections_where_it_listens() {
    let (mut world, a, b) = pair(0);
    world.run_until(Time::from_millis(10));
    world.pause(b);
    world.machine_mut(a).opened = 0;
    world.order(a, Order::Line("b".into()));
    world.run_until(Time::from_millis(20));
    assert_eq!((world.machine(a).opened, world.machine(b).got.len()), (1, 0), "it is open, and nobody reads");
    let mut other = world.clone();
    world.resume(b);
    world.run_until(Time::from_millis(30));
    assert_eq!((&world.machine(b).got[..], world.machine(b).accepted), (&[10][..], 2));
    other.kill(b);
    other.run_until(Time::from_millis(30));
    assert_eq!(other.machine(a).closed, [CloseReason::Reset, CloseReason::Reset], "both connections");
}

#[test]
fn a_clone_is_an_independent_future() {
    let (mut world, _, b) = pair(5);
    world.run_until(Time::from_millis(1));
    let mut other = world.clone();
    world.kill(b);
    world.run_until(Time::from_millis(50));
    other.run_until(Time::from_millis(50));
    assert_eq!(other.machine(b).got.len(), 5);
    assert!(world.machine(b).got.len() < 5);
}

#[test]
fn every_event_but_an_order_names_its_cause() {
    let (mut world, ..) = pair(2);
    world.run_until(Time::from_millis(20));
    assert!(world.trace().filter(|t| t.stimulus != Stimulus::Start).all(|t| t.cause > 0 && t.cause < t.event));
}

// ---- slow links and traps

#[test]
fn a_delay_is_one_way_keeps_order_and_ends() {
    let (mut world, a, b) = pair(2);
    world.delay(a, b, Delay { latency: Duration::from_millis(300), jitter: Duration::from_millis(50) });
    world.run_until(Time::from_millis(290));
    assert!(world.machine(b).got.is_empty());
    world.run_until(Time::from_millis(800));
    assert_eq!(world.machine(b).got, [0, 1]);
    assert!(world.undelay(a, b) && !world.undelay(a, b));
    world.order(a, Order::Line("b".into()));
    world.run_until(Time::from_millis(810));
    assert_eq!(world.machine(b).got, [0, 1, 800]);
}

fn says(n: u32) -> Point<Ping, u32> {
    std::sync::Arc::new(move |effect| matches!(effect, Effect::Send { message, .. } if message.0 == n))
}

#[test]
fn a_message_that_is_lost_takes_its_connection_with_it_and_what_came_before_arrives() {
    let (mut world, a, b) = pair(0);
    world.run_until(Time::from_millis(10));
    world.set_trap(Trap { name: "third".into(), node: a, towards: vec![b], point: says(2), strike: Strike::Reset });
    let mut more = world.clone();
    // A fresh connection, over which four pings go.
    let c = world.add_node("c", Echo { target: Some("b".into()), say: 4, ..Echo::default() });
    world.start(c);
    world.run_until(Time::from_millis(30));
    assert_eq!((world.machine(b).got.len(), world.traps().len()), (4, 1), "another's messages do not spring it");

    let d = more.add_node("d", Echo { target: Some("b".into()), say: 4, ..Echo::default() });
    more.remove_traps(|_| true);
    more.set_trap(Trap { name: "third".into(), node: d, towards: vec![b], point: says(2), strike: Strike::Reset });
    more.start(d);
    more.run_until(Time::from_millis(30));
    assert_eq!(more.machine(b).got, [0, 1], "nothing comes after the hole");
    assert_eq!(
        (more.machine(b).closed.as_slice(), more.machine(d).closed.as_slice()),
        ([CloseReason::Reset].as_slice(), [CloseReason::Reset].as_slice())
    );
    assert_eq!(more.take_sprung().len(), 1);
    assert!(more.traps().is_empty());
}

/// Runs to the moment when all of some pings are on their way from `a` to `b`, and gives the numbers they travel under.
fn in_flight(pings: usize) -> (World<Echo>, NodeId, NodeId, ConnId, Vec<u32>) {
    let (mut world, a, b) = pair(pings as u32);
    while world.flights().iter().filter(|f| f.to == b).count() < pings {
        world.step().expect("they are sent");
    }
    let there: Vec<_> = world.flights().iter().filter(|f| f.to == b).map(|f| (f.conn, f.number)).collect();
    (world, a, b, there[0].0, there.iter().map(|(_, number)| *number).collect())
}

#[test]
fn a_message_lost_on_its_way_takes_what_is_behind_it_and_its_connection_along() {
    let (mut world, a, b, conn, numbers) = in_flight(4);
    assert!(!world.lose(conn, numbers[3] + 1), "there is no such message");
    assert!(!world.lose(conn.peer(), numbers[2]), "nothing comes the other way");
    let untouched = world.clone();
    assert!(world.lose(conn, numbers[2]));
    world.run_until(Time::from_millis(50));
    assert_eq!(world.machine(b).got, [0, 1], "what was sent before arrives");
    for node in [a, b] {
        assert_eq!(world.machine(node).closed, [CloseReason::Reset]);
    }
    assert_eq!((world.flights().len(), world.connection(conn)), (0, None), "nothing is left of it");
    let mut other = untouched;
    other.run_until(Time::from_millis(50));
    assert_eq!(other.machine(b).got, [0, 1, 2, 3]);
}

#[test]
fn a_message_held_up_on_its_way_holds_up_what_is_behind_it_and_order_is_kept() {
    let (mut world, a, b, conn, numbers) = in_flight(4);
    let by = Duration::from_millis(30);
    let due = world.flights().iter().find(|f| f.to == b && f.number == numbers[1]).expect("it flies").arrives;
    assert_eq!(world.hold_up(conn, numbers[3] + 1, by), None);
    assert_eq!(world.hold_up(conn, numbers[1], by), Some(due + by));
    let mut again = world.clone();
    world.run_until(due + Duration::from_millis(29));
    assert_eq!(world.machine(b).got, [0]);
    world.run_until(due + by);
    assert_eq!(world.machine(b).got, [0, 1, 2, 3]);
    // A cut holds it then, and it cannot be late on top of that.
    again.cut(a, b);
    again.run_until(due + by);
    assert_eq!((again.hold_up(conn, numbers[1], by), again.machine(b).got.as_slice()), (None, [].as_slice()));
    again.heal(a, b);
    again.run_until(due + by + by);
    assert_eq!(again.machine(b).got, [0, 1, 2, 3]);
}

#[test]
fn a_process_that_dies_at_a_point_has_written_and_sends_nothing_more() {
    for (before, sent) in [(true, vec![0, 1]), (false, vec![0, 1, 2])] {
        let (mut world, _, b) = pair(0);
        let d = world.add_node("d", Echo { target: Some("b".into()), say: 4, ..Echo::default() });
        let strike = Strike::Die { death: Death::Kill, before };
        world.set_trap(Trap { name: "third".into(), node: d, towards: vec![], point: says(2), strike });
        world.start(b);
        world.start(d);
        world.run_until(Time::from_millis(30));
        assert_eq!(world.state(d), NodeState::Killed);
        assert_eq!(world.machine(b).got, sent);
        assert_eq!(world.machine(b).closed, [CloseReason::Reset]);
    }
}

#[test]
fn a_power_loss_at_a_note_takes_what_was_not_synced() {
    let (mut world, _, b) = pair(3);
    let noted: Point<Ping, u32> = std::sync::Arc::new(|effect| *effect_note(effect) == Some(1));
    let strike = Strike::Die { death: Death::PowerLoss, before: false };
    world.set_trap(Trap { name: "second".into(), node: b, towards: vec![], point: noted, strike });
    world.run_until(Time::from_millis(30));
    assert_eq!((world.state(b), world.machine(b).written), (NodeState::PoweredOff, 0));
    assert_eq!(world.take_notes().iter().map(|n| n.note).collect::<Vec<_>>(), [0, 1]);
}

fn effect_note<M>(effect: &Effect<M, u32>) -> &Option<u32> {
    match effect {
        Effect::Note(1) => &Some(1),
        _ => &None,
    }
}

#[test]
fn a_slow_disk_does_one_write_after_the_other_and_a_host_that_is_fine_leaves_no_trace() {
    let (mut world, _, b) = pair(5);
    let digest = world.digest();
    world.set_host(b, Host { write_time: Duration::from_millis(100), ..Host::default() });
    assert_ne!(world.digest(), digest);
    let mut mended = world.clone();
    mended.set_host(b, Host::default());
    assert_eq!((mended.digest(), mended.hosts_in_trouble().count()), (digest, 0));
    // Pings 0, 2 and 4 are synced, after 1, 3 and 5 writes.
    for (at, durable) in [(90, 0), (150, 1), (250, 3), (350, 5)] {
        world.run_until(Time::from_millis(at));
        assert_eq!(world.machine(b).durable, durable, "after {at} ms");
    }
}
