//! Between the engine and the page. The engine moves only here: a frame advances virtual time by what the clock
//! asks for, within a budget of real time; the canvas is redrawn each frame, the components a few times a second.
//! Drawing never moves the engine.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gloo::render::{AnimationFrame, request_animation_frame};
use view::{Picture, Stir};
use yew::Callback;

use crate::allow::Allow;
use crate::bookmarks::Bookmark;
use crate::detail::{Detail, Want};
use crate::engine::{Engine, Source};
use crate::events::{Branch, Event};
use crate::host;
use crate::lesson::LessonView;
use crate::options::Options;
use crate::overlay::{Moment, Overlay};
use crate::rate::Rate;
use crate::tell;

/// Virtual time per real time, from the slowest to the fastest.
pub(crate) const SPEEDS: [(f64, &str); 16] = [
    (0.001, "1/1000×"),
    (0.002, "1/500×"),
    (0.005, "1/200×"),
    (0.01, "1/100×"),
    (0.02, "1/50×"),
    (0.05, "1/20×"),
    (0.1, "1/10×"),
    (0.2, "1/5×"),
    (0.5, "1/2×"),
    (1.0, "1×"),
    (2.0, "2×"),
    (5.0, "5×"),
    (10.0, "10×"),
    (20.0, "20×"),
    (50.0, "50×"),
    (100.0, "100×"),
];
/// One hop of a millisecond takes half a second.
pub(crate) const SPEED_DEFAULT: usize = 1;

/// Engine work per frame, ms.
const BUDGET_MS: f64 = 8.0;
/// The same while time runs as fast as it can, when nothing need move smoothly.
const CHASE_BUDGET_MS: f64 = 20.0;
/// Least real time between two looks at the engine while it runs, ms.
const LOOK_EVERY_MS: f64 = 50.0;
/// Least real time between two renders of the components while it runs, ms.
const RENDER_EVERY_MS: f64 = 80.0;
/// Least real time between two looks at a lesson's goals, ms.
const GOALS_EVERY_MS: f64 = 300.0;
/// How long slow motion lasts after something moved, virtual ns.
const BUSY_NS: u64 = 4_000_000;
/// Fastest skipping of idle time, virtual per real.
const IDLE_MAX: f64 = 12.0;
/// How far "next interesting" looks ahead, virtual ns.
const CHASE_NS: u64 = 600_000_000_000;

/// What the clock is doing.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Motion {
    /// Nothing moves.
    Paused,
    /// Time passes at the chosen speed.
    Playing,
    /// As fast as possible up to a moment, or to what it looks for.
    Chasing { until_ns: u64, stop: Stop },
}

/// What time runs on to.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Stop {
    /// The moment alone.
    Moment,
    /// The next turn of events.
    Turn,
    /// The arrival of the next message that is no chatter.
    Message,
    /// The condition that was given to [`Bridge::until`].
    Condition,
}

/// What the components see.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) picture: Rc<Picture>,
    pub(crate) motion: Motion,
    /// Index in [`SPEEDS`].
    pub(crate) speed: usize,
    pub(crate) skips_idle: bool,
    pub(crate) shows_internal: bool,
    /// How far this branch was played, ns.
    pub(crate) head_ns: u64,
    pub(crate) story: Rc<Vec<Event>>,
    pub(crate) branches: Vec<Branch>,
    /// Events per second of virtual time, by half second.
    pub(crate) rate: Rc<Rate>,
    /// Said by the engine: a link that does not fit, a command that failed.
    pub(crate) message: Option<String>,
    pub(crate) title: String,
    pub(crate) lesson: Option<Rc<LessonView>>,
    /// Whether the next step of the lesson is locked.
    pub(crate) is_locked: bool,
    /// What the open view and the inspector asked for.
    pub(crate) detail: Rc<Detail>,
    pub(crate) seed: u64,
    /// Moments that have a name.
    pub(crate) bookmarks: Rc<Vec<Bookmark>>,
    number: u64,
}

impl PartialEq for Frame {
    fn eq(&self, other: &Frame) -> bool {
        self.number == other.number
    }
}

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
    goals_ms: Cell<f64>,
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
            goals_ms: Cell::new(0.0),
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
        let is_input = self.0.engine.borrow().has_foreground(terminal);
        let refused = match self.0.allow.refuses(text, is_input) {
            None => self.0.engine.borrow_mut().command(terminal, text),
            why => why,
        };
        *self.0.message.borrow_mut() = refused.clone();
        self.act(|_| ());
        refused
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
                let _ = web_sys::window().map(|w| w.location().set_hash(&hash));
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

    fn set_motion(&self, motion: Motion) {
        self.0.motion.set(motion);
        self.0.idle_speed.set(1.0);
        if motion == Motion::Paused {
            self.0.pace.set(0.0);
            self.0.engine.borrow_mut().look_at_goals();
            self.look_for_violation();
            self.save();
        }
        self.refresh();
    }

    /// Leaves what a link needs where the crash screen finds it.
    fn save(&self) {
        crate::panic::save(self.0.engine.borrow().place());
    }

    // ---- frames

    /// Looks at the engine and renders, now.
    fn refresh(&self) {
        self.look();
        self.render();
        self.wake();
    }

    fn look(&self) {
        if self.0.is_stale.replace(false) {
            let mut engine = self.0.engine.borrow_mut();
            let picture = Rc::new(
                engine.observe(self.0.shows_internal.get(), self.0.want.borrow().as_ref().and_then(Want::focus)),
            );
            if let Some(want) = self.0.want.borrow().as_ref() {
                *self.0.detail.borrow_mut() = Rc::new(engine.detail(want, &picture));
            }
            *self.0.picture.borrow_mut() = picture;
        }
    }

    fn render(&self) {
        let Some(sink) = self.0.sink.borrow().clone() else { return };
        self.0.number.set(self.0.number.get() + 1);
        let mut engine = self.0.engine.borrow_mut();
        let frame = Frame {
            picture: self.0.picture.borrow().clone(),
            motion: self.0.motion.get(),
            speed: self.0.speed.get(),
            skips_idle: self.0.skips_idle.get(),
            shows_internal: self.0.shows_internal.get(),
            head_ns: engine.head_ns(),
            story: engine.story(),
            branches: engine.branches(),
            rate: Rc::new(engine.rate()),
            message: self.0.message.borrow().clone(),
            title: engine.title(),
            lesson: engine.lesson(),
            is_locked: engine.is_locked(),
            detail: self.0.detail.borrow().clone(),
            seed: engine.seed(),
            bookmarks: engine.bookmarks(),
            number: self.0.number.get(),
        };
        drop(engine);
        self.0.overlay.borrow_mut().invalidate();
        sink.emit(Rc::new(frame));
    }

    fn wake(&self) {
        let mut animation = self.0.animation.borrow_mut();
        if animation.is_none() {
            self.0.frame_ms.set(wall_ms());
            *animation = Some(self.schedule());
        }
    }

    fn schedule(&self) -> AnimationFrame {
        let bridge = self.clone();
        request_animation_frame(move |_| bridge.tick(wall_ms()))
    }

    fn tick(&self, wall_ms: f64) {
        let dt_ms = (wall_ms - self.0.frame_ms.replace(wall_ms)).clamp(0.0, 100.0);
        let moves = self.advance(dt_ms);
        if moves && wall_ms - self.0.look_ms.get() >= self.0.look_every_ms.get() && self.0.is_stale.get() {
            self.look();
            self.0.look_ms.set(wall_ms);
            // A big cluster is looked at less often, so that looking takes an eighth of the time at most.
            self.0.look_every_ms.set(((self::wall_ms() - wall_ms) * 8.0).max(LOOK_EVERY_MS));
        }
        if moves && wall_ms - self.0.render_ms.get() >= RENDER_EVERY_MS {
            self.look_at_goals(wall_ms);
            self.render();
            self.0.render_ms.set(wall_ms);
        }
        let is_fading = self.draw(wall_ms);
        let goes_on = moves || is_fading;
        *self.0.animation.borrow_mut() = goes_on.then(|| self.schedule());
    }

    /// Goals are looked at a few times a second.
    fn look_at_goals(&self, wall_ms: f64) {
        if wall_ms - self.0.goals_ms.get() < GOALS_EVERY_MS {
            return;
        }
        self.0.goals_ms.set(wall_ms);
        self.0.engine.borrow_mut().look_at_goals();
        self.look_for_violation();
    }

    /// A broken invariant stops the clock, and is shown once.
    fn look_for_violation(&self) {
        let engine = self.0.engine.borrow();
        let found = engine.violation();
        if let Some(violation) = found.as_ref().filter(|_| *self.0.told.borrow() != found) {
            self.0.motion.set(Motion::Paused);
            self.0.pace.set(0.0);
            crate::panic::violated(violation, &engine.link());
        }
        *self.0.told.borrow_mut() = found;
    }

    fn draw(&self, wall_ms: f64) -> bool {
        let picture = self.0.picture.borrow().clone();
        let now_ns = self.0.engine.borrow().now_ns();
        let mut overlay = self.0.overlay.borrow_mut();
        let rate = if self.0.motion.get() == Motion::Paused { 0.0 } else { self.0.pace.get() };
        overlay.draw(&Moment { picture: &picture, now_ns, wall_ms, rate });
        overlay.is_fading(wall_ms) && self.0.motion.get() != Motion::Paused
    }

    /// Lets virtual time pass. True while it is passing.
    fn advance(&self, dt_ms: f64) -> bool {
        match self.0.motion.get() {
            Motion::Paused => false,
            Motion::Playing => {
                self.play(dt_ms);
                true
            }
            Motion::Chasing { until_ns, stop } => {
                self.0.pace.set(1000.0);
                let reached = self.run(until_ns, |engine, stir| match stop {
                    Stop::Moment => false,
                    Stop::Turn => stir >= Stir::Notable,
                    Stop::Message => engine.got_message(),
                    Stop::Condition => engine.condition_holds(),
                });
                if reached {
                    if stop == Stop::Condition {
                        *self.0.message.borrow_mut() = Some(self.0.engine.borrow().condition_said());
                    }
                    self.0.is_stale.set(true);
                    self.set_motion(Motion::Paused);
                }
                !reached
            }
        }
    }

    fn play(&self, dt_ms: f64) {
        let now = self.0.engine.borrow().now_ns();
        let chosen = SPEEDS[self.0.speed.get()].0;
        let is_idle = self.0.skips_idle.get() && now > self.0.busy_until.get();
        let pace = if is_idle {
            let idle = (self.0.idle_speed.get() * (1.0 + dt_ms / 700.0)).min(IDLE_MAX);
            self.0.idle_speed.set(idle);
            idle.max(chosen)
        } else {
            self.0.idle_speed.set(0.25);
            chosen
        };
        self.0.pace.set(pace);
        let until = now + (dt_ms * pace * 1e6) as u64;
        // While skipping, the first thing that moves ends the skip at once, so that nothing is missed.
        self.run(until, |_, stir| is_idle && stir >= Stir::Busy);
    }

    /// Runs events up to `until`, within the budget. True if it got there or `ends` said so.
    fn run(&self, until: u64, ends: impl Fn(&Engine, Stir) -> bool) -> bool {
        let mut engine = self.0.engine.borrow_mut();
        let (start, mut n) = (wall_ms(), 0u32);
        let is_chasing = matches!(self.0.motion.get(), Motion::Chasing { .. });
        let budget_ms = if is_chasing { CHASE_BUDGET_MS } else { BUDGET_MS };
        self.0.is_stale.set(true);
        loop {
            let is_there = engine.run_one(until);
            let stir = engine.take_stir();
            if stir >= Stir::Busy {
                self.0.busy_until.set(engine.now_ns() + BUSY_NS);
            }
            if is_there || ends(&engine, stir) {
                break true;
            }
            n += 1;
            if n % 32 == 0 && wall_ms() - start > budget_ms {
                break false;
            }
        }
    }
}

fn wall_ms() -> f64 {
    web_sys::window().and_then(|w| w.performance()).map_or(0.0, |p| p.now())
}
