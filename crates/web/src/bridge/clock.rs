//! The page's clock: each frame of the browser advances virtual time by what was asked for, within a budget of real time,
//! and draws; the components are rendered a few times a second.

use std::rc::Rc;

use gloo::render::{AnimationFrame, request_animation_frame};
use view::Stir;

use super::{BUSY_NS, Bridge, Frame, LOOK_EVERY_MS, Motion, SPEEDS, Stop};
use crate::detail::Want;
use crate::engine::Engine;
use crate::overlay::Moment;

/// Engine work per frame, ms.
const BUDGET_MS: f64 = 8.0;
/// The same while time runs as fast as it can, when nothing need move smoothly.
const CHASE_BUDGET_MS: f64 = 20.0;
/// Least real time between two renders of the components while it runs, ms.
pub(super) const RENDER_EVERY_MS: f64 = 80.0;
/// Looking at a big cluster, and rendering it, may each take this share of the time: one part of so many.
const SHARE: f64 = 12.0;
/// Least real time between two looks at a lesson's goals, ms.
const GOALS_EVERY_MS: f64 = 300.0;
/// How often goals are looked at while they are waited for, virtual ns.
const GOALS_EVERY_NS: u64 = 50_000_000;
/// Fastest skipping of idle time, virtual per real.
const IDLE_MAX: f64 = 12.0;

impl Bridge {
    pub(super) fn set_motion(&self, motion: Motion) {
        self.0.motion.set(motion);
        self.0.then.set(None);
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
    pub(super) fn save(&self) {
        crate::panic::save(self.0.engine.borrow().place());
    }

    /// Looks at the engine and renders, now.
    pub(super) fn refresh(&self) {
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
        self.0.emitted_ms.set(wall_ms());
        sink.emit(Rc::new(frame));
    }

    /// The components show what they were given. A big cluster is rendered less often, for the same reason.
    pub(crate) fn rendered(&self) {
        let took_ms = wall_ms() - self.0.emitted_ms.get();
        self.0.render_every_ms.set((took_ms * SHARE).max(RENDER_EVERY_MS));
    }

    pub(super) fn wake(&self) {
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

    pub(super) fn tick(&self, wall_ms: f64) {
        let dt_ms = (wall_ms - self.0.frame_ms.replace(wall_ms)).clamp(0.0, 100.0);
        let moves = self.advance(dt_ms);
        if moves && wall_ms - self.0.look_ms.get() >= self.0.look_every_ms.get() && self.0.is_stale.get() {
            self.look();
            self.0.look_ms.set(wall_ms);
            // A big cluster is looked at less often, so that looking takes its share of the time at most.
            self.0.look_every_ms.set(((self::wall_ms() - wall_ms) * SHARE).max(LOOK_EVERY_MS));
        }
        if moves && wall_ms - self.0.render_ms.get() >= self.0.render_every_ms.get() {
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
        let waits = matches!(self.0.motion.get(), Motion::Chasing { stop: Stop::Goals { .. }, .. });
        if waits || wall_ms - self.0.goals_ms.get() < GOALS_EVERY_MS {
            return;
        }
        self.0.goals_ms.set(wall_ms);
        self.0.engine.borrow_mut().look_at_goals();
        self.look_for_violation();
    }

    /// A broken invariant stops the clock, and is shown once.
    pub(super) fn look_for_violation(&self) {
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
            Motion::Chasing { until_ns, stop: Stop::Goals { goals, from_ns } } => {
                !self.wait_for_goals(until_ns, goals, from_ns)
            }
            Motion::Chasing { until_ns, stop } => {
                self.0.pace.set(1000.0);
                let reached = self.run(until_ns, |engine, stir| match stop {
                    Stop::Moment | Stop::Goals { .. } => false,
                    Stop::Turn => stir >= Stir::Notable,
                    Stop::Message => engine.got_message(),
                    Stop::Ended(terminal) => !engine.has_foreground(terminal),
                    Stop::Condition => engine.condition_holds(),
                });
                if reached {
                    if stop == Stop::Condition {
                        *self.0.message.borrow_mut() = Some(self.0.engine.borrow().condition_said());
                    }
                    self.0.is_stale.set(true);
                    return self.pause_or_wait();
                }
                true
            }
        }
    }

    /// Time ran as far as it should: it stops, unless goals are waited for. True if it goes on.
    fn pause_or_wait(&self) -> bool {
        let from_ns = self.0.engine.borrow().now_ns();
        let next = self.0.then.take().map(|pace| Motion::Chasing {
            until_ns: from_ns + pace.within_ns,
            stop: Stop::Goals { goals: pace.goals, from_ns },
        });
        self.set_motion(next.unwrap_or(Motion::Paused));
        next.is_some()
    }

    /// Runs until goals are met, asking when the lesson's own player does, however fast the machine is: so what a reader meets
    /// is what was tested. True when it is over.
    fn wait_for_goals(&self, until_ns: u64, goals: usize, from_ns: u64) -> bool {
        let start = wall_ms();
        loop {
            let now = self.0.engine.borrow().now_ns();
            let asks = (now - from_ns).is_multiple_of(GOALS_EVERY_NS) || now >= until_ns;
            if asks {
                self.0.engine.borrow_mut().look_at_goals();
            }
            if now >= until_ns || asks && self.0.engine.borrow().are_met(goals) {
                self.0.is_stale.set(true);
                self.set_motion(Motion::Paused);
                return true;
            }
            let next = from_ns + ((now - from_ns) / GOALS_EVERY_NS + 1) * GOALS_EVERY_NS;
            if !self.run(next.min(until_ns), |_, _| false) || wall_ms() - start > CHASE_BUDGET_MS {
                return false;
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
