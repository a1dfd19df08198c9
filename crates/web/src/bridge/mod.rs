//! Between the engine and the page. The engine moves only here: a frame advances virtual time by what the clock
//! asks for, within a budget of real time; the canvas is redrawn each frame, the components a few times a second.
//! Drawing never moves the engine.

mod frame;
mod clock;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gloo::render::AnimationFrame;
use view::{MessageId, Picture};
use yew::Callback;

use crate::allow::Allow;
use crate::detail::{Detail, Want};
use crate::dom;
use crate::engine::{Engine, Pace, Source};
use crate::host;
use crate::options::Options;
use crate::overlay::Overlay;
use crate::tell;
use frame::SPEED_DEFAULT;
pub(crate) use frame::{Frame, Motion, SPEEDS, Stop};

/// Least real time between two looks at the engine while it runs, ms.
const LOOK_EVERY_MS: f64 = 50.0;
/// How long slow motion lasts after something moved, virtual ns.
const BUSY_NS: u64 = 4_000_000;
/// How far "next interesting" looks ahead, virtual ns.
const CHASE_NS: u64 = 600_000_000_000;

/// How long a lesson waits for a command to end, virtual ns.
const COMMAND_NS: u64 = 120_000_000_000;

/// A shared handle to the engine and its clock.
#[derive(Clone)]
pub(crate) struct Bridge(Rc<Inner>);

impl PartialEq for Bridge {
    fn eq(&self, other: &Bridge) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

struct Inner {
    engine: RefCell<Engine>,
    overlay: RefCell<Overlay>,
    picture: RefCell<Rc<Picture>>,
    want: RefCell<Option<Want>>,
    detail: RefCell<Rc<Detail>>,
    motion: Cell<Motion>,
    speed: Cell<usize>,
    allow: Allow,
    skips_idle: Cell<bool>,
    shows_internal: Cell<bool>,
    /// Slow motion lasts to here, virtual ns.
    busy_until: Cell<u64>,
    /// Present speed of skipping idle time.
    idle_speed: Cell<f64>,
    /// Present virtual per real time.
    pace: Cell<f64>,
    frame_ms: Cell<f64>,
    look_ms: Cell<f64>,
    look_every_ms: Cell<f64>,
    render_ms: Cell<f64>,
    render_every_ms: Cell<f64>,
    /// When the components were last given something to show.
    emitted_ms: Cell<f64>,
    goals_ms: Cell<f64>,
    /// Which goals are waited for once the moment is reached.
    then: Cell<Option<Pace>>,
    /// The engine changed since the last look.
    is_stale: Cell<bool>,
    number: Cell<u64>,
    message: RefCell<Option<String>>,
    /// The broken invariant that was shown.
    told: RefCell<Option<String>>,
    sink: RefCell<Option<Callback<Rc<Frame>>>>,
    animation: RefCell<Option<AnimationFrame>>,
}

impl Bridge {
    /// Takes an engine.
    pub(crate) fn new(engine: Engine, message: Option<String>, options: &Options) -> Bridge {
        let picture = Rc::new(engine.observe(false, None));
        let speed = options.speed.map_or(SPEED_DEFAULT, host::nearest_speed);
        let bridge = Bridge(Rc::new(Inner {
            engine: RefCell::new(engine),
            overlay: RefCell::new(Overlay::default()),
            picture: RefCell::new(picture),
            want: RefCell::default(),
            detail: RefCell::default(),
            motion: Cell::new(if options.autoplay { Motion::Playing } else { Motion::Paused }),
            speed: Cell::new(speed),
            allow: options.allow.clone(),
            skips_idle: Cell::new(true),
            shows_internal: Cell::new(false),
            busy_until: Cell::new(0),
            idle_speed: Cell::new(1.0),
            pace: Cell::new(0.0),
            frame_ms: Cell::new(0.0),
            look_ms: Cell::new(0.0),
            look_every_ms: Cell::new(LOOK_EVERY_MS),
            render_ms: Cell::new(0.0),
            render_every_ms: Cell::new(clock::RENDER_EVERY_MS),
            emitted_ms: Cell::new(0.0),
            goals_ms: Cell::new(0.0),
            then: Cell::default(),
            is_stale: Cell::new(false),
            number: Cell::new(0),
            message: RefCell::new(message),
            told: RefCell::new(None),
            sink: RefCell::new(None),
            animation: RefCell::new(None),
        }));
        bridge.0.engine.borrow_mut().take_stir();
        bridge.save();
        if let Some(condition) = &options.until {
            bridge.until(condition);
        }
        bridge
    }

    /// Where new frames go.
    pub(crate) fn subscribe(&self, sink: Callback<Rc<Frame>>) {
        *self.0.sink.borrow_mut() = Some(sink);
        self.refresh();
    }

    /// The overlay, to attach and to point at.
    pub(crate) fn with_overlay(&self, act: impl FnOnce(&mut Overlay)) {
        act(&mut self.0.overlay.borrow_mut());
        self.wake();
    }

    /// The open view and the inspector want this.
    pub(crate) fn want(&self, want: Want) {
        *self.0.want.borrow_mut() = Some(want);
        self.0.is_stale.set(true);
        self.refresh();
    }

    /// The message drawn at a place of the stage, in its pixels.
    pub(crate) fn message_at(&self, at: (f64, f64)) -> Option<MessageId> {
        let key = self.0.overlay.borrow().message_at(at)?;
        self.0.picture.borrow().flights.iter().find(|flight| flight.key == key).map(|flight| flight.id)
    }
    /// The message sent next after one that is on its way; the first after the last.
    pub(crate) fn message_after(&self, last: Option<MessageId>) -> Option<MessageId> {
        let picture = self.0.picture.borrow();
        let flights = &picture.flights;
        let place = flights.iter().position(|flight| Some(flight.id) == last).map_or(0, |place| place + 1);
        flights.get(place).or(flights.first()).map(|flight| flight.id)
    }

    // ---- the clock

    /// Starts or stops time.
    pub(crate) fn toggle(&self) {
        self.set_playing(self.motion() == Motion::Paused);
    }
    /// Lets time run, or not.
    pub(crate) fn set_playing(&self, on: bool) {
        self.set_motion(if on { Motion::Playing } else { Motion::Paused });
    }
    /// What the clock is doing.
    pub(crate) fn motion(&self) -> Motion {
        self.0.motion.get()
    }
    /// Runs the next event.
    pub(crate) fn step(&self) {
        self.0.motion.set(Motion::Paused);
        self.act(Engine::step);
    }
    /// Takes the last event back.
    pub(crate) fn step_back(&self) {
        self.0.motion.set(Motion::Paused);
        self.act(Engine::step_back);
    }
    /// Goes to a moment of this branch, or as far as it was played.
    pub(crate) fn seek(&self, ns: u64) {
        self.0.motion.set(Motion::Paused);
        self.act(|e| e.seek(ns));
    }
    /// Goes to the moment before the last command.
    pub(crate) fn before_command(&self) {
        self.0.motion.set(Motion::Paused);
        self.act(Engine::before_command);
    }
    /// Runs on to `ns` from now, as fast as possible.
    pub(crate) fn jump(&self, ns: u64) {
        let now = self.0.engine.borrow().now_ns();
        self.set_motion(Motion::Chasing { until_ns: now.saturating_add(ns), stop: Stop::Moment });
    }
    /// Runs to the next event worth a stop.
    pub(crate) fn next_interesting(&self) {
        self.chase(Stop::Turn);
    }
    /// Runs to the arrival of the next message that is no chatter.
    pub(crate) fn next_message(&self) {
        self.chase(Stop::Message);
    }
    /// Runs until a condition of facts holds, as lessons check them. Says so if it cannot be read.
    pub(crate) fn until(&self, condition: &str) -> Option<String> {
        let asked = self.0.engine.borrow_mut().set_condition(condition);
        let refused = asked.as_ref().err().cloned();
        *self.0.message.borrow_mut() = refused.clone();
        match asked {
            Ok(true) => {
                *self.0.message.borrow_mut() = Some(tell!("{} holds already", condition));
                self.refresh();
            }
            Ok(false) => self.chase(Stop::Condition),
            Err(_) => self.refresh(),
        }
        refused
    }
    fn chase(&self, stop: Stop) {
        let now = self.0.engine.borrow().now_ns();
        self.set_motion(Motion::Chasing { until_ns: now.saturating_add(CHASE_NS), stop });
    }
    /// Goes back to the last event worth a stop.
    pub(crate) fn previous_interesting(&self) {
        let now = self.0.engine.borrow().now_ns();
        let story = self.0.engine.borrow_mut().story();
        let before = story.iter().rev().find(|e| (e.level >= 2 || e.is_command) && e.at_ns < now);
        self.seek(before.map_or(0, |e| e.at_ns));
    }
    /// Chooses a speed by its index.
    pub(crate) fn set_speed(&self, index: usize) {
        self.0.speed.set(index.min(SPEEDS.len() - 1));
        self.refresh();
    }
    /// One speed faster or slower.
    pub(crate) fn nudge_speed(&self, faster: bool) {
        let index = self.0.speed.get();
        self.set_speed(if faster { index + 1 } else { index.saturating_sub(1) });
    }
    /// Whether quiet time passes quickly.
    pub(crate) fn set_skips_idle(&self, on: bool) {
        self.0.skips_idle.set(on);
        self.refresh();
    }
    /// Whether internal topics are on the stage.
    pub(crate) fn set_shows_internal(&self, on: bool) {
        self.0.shows_internal.set(on);
        self.0.is_stale.set(true);
        self.refresh();
    }

    // ---- acting

    /// Enters a line in a terminal.
    pub(crate) fn command(&self, terminal: u32, text: &str) {
        self.try_command(terminal, text);
    }
    /// Enters a line in a terminal. What was said if it was refused and no terminal says so.
    pub(crate) fn try_command(&self, terminal: u32, text: &str) -> Option<String> {
        if let Some(condition) = text.trim().strip_prefix("sim until ").filter(|c| Engine::is_condition(c)) {
            return self.until(condition);
        }
        let is_input = self.0.engine.borrow().is_read(terminal) || matches!(text.trim(), "^C" | "^D");
        let refused = match self.0.allow.refuses(text, is_input) {
            None => self.0.engine.borrow_mut().command(terminal, text),
            why => why,
        };
        *self.0.message.borrow_mut() = refused.clone();
        self.act(|_| ());
        refused
    }
    /// Enters a line that a reader typed. If time stood, it runs on, so that something comes of it: in a lesson as far as the
    /// lesson's own player would let it, else at the chosen speed.
    pub(crate) fn enter(&self, terminal: u32, text: &str) {
        let pace = self.0.engine.borrow().pace(terminal, text);
        let stood = self.motion() == Motion::Paused;
        if self.try_command(terminal, text).is_some() {
            return;
        }
        let is_verb = text.trim_start().starts_with("sim ");
        let waits = !is_verb && self.0.engine.borrow().has_foreground(terminal);
        let now = self.0.engine.borrow().now_ns();
        match pace {
            Some(Pace { run_ns: Some(ns), .. }) => self.jump(ns),
            Some(_) if stood => {
                let until_ns = if waits { now + COMMAND_NS } else { now };
                self.set_motion(Motion::Chasing { until_ns, stop: Stop::Ended(terminal) });
            }
            None if stood && waits => self.set_playing(true),
            _ => return,
        }
        self.0.then.set(pace.filter(|pace| pace.within_ns > 0));
    }
    /// What the word being typed may become.
    pub(crate) fn complete(&self, text: &str) -> Vec<String> {
        self.0.engine.borrow().complete(text)
    }
    /// Whether a process runs.
    pub(crate) fn is_running(&self, process: &str) -> bool {
        self.0.engine.borrow().is_running(process)
    }
    /// Shows another branch.
    pub(crate) fn switch(&self, branch: usize) {
        self.0.motion.set(Motion::Paused);
        self.act(|e| e.switch(branch));
    }
    /// Names a moment of a branch, or of this one for none; an empty name takes it back.
    pub(crate) fn bookmark(&self, branch: &str, at_ns: u64, name: &str) {
        self.act(|e| e.bookmark(branch, at_ns, name));
    }
    /// Goes to a moment of a branch, or of this one for none.
    pub(crate) fn visit(&self, branch: &str, at_ns: u64) {
        self.0.motion.set(Motion::Paused);
        self.act(|e| e.visit(branch, at_ns));
    }
    /// Lets all steps be turned to, or only those up to one, from 1.
    pub(crate) fn lock_after(&self, step: Option<usize>) {
        self.act(|e| e.lock_after(step));
    }
    /// Takes steps of the lesson, from 1, for done.
    pub(crate) fn was_done(&self, steps: &[usize]) {
        self.act(|e| e.lesson_was_done(steps));
    }
    /// The reader chose another language.
    pub(crate) fn speak(&self) {
        self.act(Engine::speak);
    }
    /// The run in words, for who is asked for help.
    pub(crate) fn help(&self) -> String {
        crate::help::text(&self.0.engine.borrow(), &self.0.picture.borrow())
    }
    /// The fragment that replays this run up to now.
    pub(crate) fn link(&self) -> String {
        self.0.engine.borrow().link()
    }
    /// Starts a lesson afresh, or free play for an empty id.
    pub(crate) fn open_lesson(&self, id: &str) {
        let source = if id.is_empty() { Source::FreePlay } else { Source::Lesson(id.to_owned()) };
        match self.load(&source) {
            Ok(()) => {
                let hash = if id.is_empty() { String::new() } else { format!("lesson={id}") };
                let _ = dom::window().map(|w| w.location().set_hash(&hash));
            }
            Err(why) => {
                *self.0.message.borrow_mut() = Some(why);
                self.act(|_| ());
            }
        }
    }
    /// Takes another run in place of this one. If it cannot be opened, this one stays.
    pub(crate) fn load(&self, source: &Source) -> Result<(), String> {
        let (engine, message) = Engine::open(source, None)?;
        self.0.motion.set(Motion::Paused);
        *self.0.engine.borrow_mut() = engine;
        *self.0.message.borrow_mut() = message;
        self.act(|_| ());
        Ok(())
    }
    /// Looks at the engine.
    pub(crate) fn with_engine<T>(&self, look: impl FnOnce(&Engine) -> T) -> T {
        look(&self.0.engine.borrow())
    }
    /// Turns to a step of the lesson.
    pub(crate) fn lesson_step(&self, step: usize) {
        self.act(|e| e.lesson_step(step));
    }
    /// Locks a choice of a question.
    pub(crate) fn bet(&self, number: usize, choice: usize) {
        self.act(|e| e.bet(number, choice));
    }

    fn act(&self, act: impl FnOnce(&mut Engine)) {
        {
            let mut engine = self.0.engine.borrow_mut();
            act(&mut engine);
            engine.take_stir();
            engine.look_at_goals();
            self.0.busy_until.set(engine.now_ns() + BUSY_NS);
        }
        self.look_for_violation();
        self.0.is_stale.set(true);
        self.save();
        self.refresh();
    }
}
