//! The only file that knows how the lab is driven.

use std::rc::Rc;

use lab::facts::{Condition, Truth};
use lab::{BOOT, Duration, Given, MarkKind, NodeState, OpenError, Place, Scenario, Time, Timeline};
use lessons::{CheckState, Console, Item, Lesson, Progress};
use view::{Cause, Lens, Past, Picture, Stir};

use crate::bookmarks::{self, Bookmark};
use crate::bridge::Bridge;
use crate::complete;
use crate::detail::{self, Compared, Detail, Want};
use crate::dom;
use crate::events::{Branch, Event, Story};
use crate::free_play;
use crate::host;
use crate::lesson::{Bet, Goal, GoalState, LessonView, Part};
use crate::options::Options;
use crate::prepared;
use crate::rate::Rate;
use crate::tell;
use crate::words::{self, t};

/// Free play opens here, when the group is stable and records flow; all before it can be rewound to.
const FREE_PLAY_FROM_NS: u64 = 8_000_000_000;

/// With more partitions than this, brokers show counts and what stands out.
pub(crate) const PARTITIONS_MAX: usize = 24;
/// Links of a chain of causes that are told.
const CAUSES_MAX: usize = 14;
/// How often a chain of causes may look at an earlier moment.
const LOOKS_BACK_MAX: usize = 3;

/// A run with its past, its story, and the lesson it plays in.
pub(crate) struct Engine {
    timeline: Timeline,
    story: Story,
    lesson: Option<Course>,
    /// Notes already asked for their stir.
    stirred: u64,
    /// The turns of the branch of this name.
    past: (String, Past),
    /// The chain of causes told last, with its event.
    why: (u64, Vec<Cause>),
    /// The message looked at last: what it was stays to be read when it has arrived.
    message: Option<view::MessageView>,
    /// What time runs until.
    condition: Option<Condition>,
    /// The comparison made last: between which branches, and at which event and time.
    compared: Option<((usize, usize, u64, u64), Rc<Compared>)>,
    bookmarks: Rc<Vec<Bookmark>>,
    /// The last step that may be turned to, from 0.
    lock: Option<usize>,
}

/// How a lesson lets time go on after a command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Pace {
    /// First for this long; None until the program ends.
    pub(crate) run_ns: Option<u64>,
    /// Then until so many goals of the step are met,
    pub(crate) goals: usize,
    /// but no longer than this; 0 where no goal follows the command.
    pub(crate) within_ns: u64,
}

/// A lesson being played.
struct Course {
    lesson: Lesson,
    progress: Progress,
    /// Answers the engine gave, by step and question.
    answers: Vec<((usize, usize), Result<usize, String>)>,
    view: Rc<LessonView>,
}

/// Where a run comes from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// What one meets without a lesson.
    FreePlay,
    /// A bundled lesson.
    Lesson(String),
    /// The text of a lesson file.
    LessonText(String),
    /// A scenario file's text.
    Scenario(String),
    /// A share link, from `s=` on.
    Link(String),
}

impl Source {
    /// What a file holds: a lesson begins with its front matter, a scenario is JSON.
    fn of_file(text: String) -> Source {
        if text.trim_start().starts_with("---") { Source::LessonText(text) } else { Source::Scenario(text) }
    }
}

/// Opens the run the address asks for: a link, a lesson, a scenario, or free play.
pub(crate) fn open(options: &Options) -> Result<Bridge, String> {
    let fragment = dom::window().and_then(|w| w.location().hash().ok()).unwrap_or_default();
    let fragment = fragment.trim_start_matches('#');
    let lesson = fragment.strip_prefix("lesson=").map(str::to_owned).or_else(|| options.lesson.clone());
    let course = lesson.as_deref().and_then(lessons::bundled).filter(|_| fragment.starts_with("s="));
    let source = match (lesson.clone(), host::fetched_scenario()) {
        _ if fragment.starts_with("s=") => Source::Link(fragment.to_owned()),
        (_, Some(text)) if fragment.starts_with("url=") => Source::of_file(text),
        (Some(id), _) if lessons::bundled(&id).is_some() => Source::Lesson(id),
        (_, Some(text)) => Source::of_file(text),
        _ => Source::FreePlay,
    };
    let unknown = lesson.filter(|id| course.is_none() && lessons::bundled(id).is_none());
    let (mut engine, message) = Engine::open(&source, options.seed)?;
    let message =
        message.or_else(|| unknown.map(|id| tell!("there is no lesson `{}`", id))).or_else(|| options.complaint());
    // A link into a lesson: the run as it was left, with the lesson beside it.
    engine.lesson = course.map(Course::new).or(engine.lesson);
    engine.lesson_was_done(&options.done);
    engine.lock_after(options.lock);
    if let Some(ms) = options.t_ms {
        engine.run_to(ms.saturating_mul(1_000_000));
    }
    if let Some(step) = options.step {
        engine.lesson_step(step - 1);
    }
    Ok(Bridge::new(engine, message, options))
}

impl Engine {
    /// A new run, with another seed than its own if one is given, and what to say about it.
    pub(crate) fn open(source: &Source, seed: Option<u64>) -> Result<(Engine, Option<String>), String> {
        match source {
            Source::FreePlay => {
                let prepared = prepared::take().filter(|engine| seed.is_none_or(|seed| seed == engine.seed()));
                Ok((prepared.map_or_else(|| Engine::free_play(seed), Ok)?, None))
            }
            Source::Lesson(id) => {
                let lesson =
                    lessons::bundled_in(id, &words::spoken()).ok_or_else(|| tell!("there is no lesson `{}`", id))?;
                Ok((Engine::begin(lesson.scenario.clone(), Some(lesson), seed)?, None))
            }
            Source::LessonText(text) => {
                let lesson = Lesson::parse(text).map_err(|e| words::retold(&e.to_string()))?;
                Ok((Engine::begin(lesson.scenario.clone(), Some(lesson), seed)?, None))
            }
            Source::Scenario(text) => Ok((
                Engine::begin(Scenario::parse(text).map_err(|e| words::retold(&e.to_string()))?, None, seed)?,
                None,
            )),
            Source::Link(link) => {
                let (mut engine, message) = Engine::from_link(link.split('&').next().unwrap_or_default())?;
                let branch = engine.roots().0;
                engine.bookmarks = Rc::new(bookmarks::unpack(link, &branch).1);
                Ok((engine, message))
            }
        }
    }

    /// Free play where it opens.
    fn free_play(seed: Option<u64>) -> Result<Engine, String> {
        let mut scenario = free_play::scenario();
        scenario.seed = seed.unwrap_or(scenario.seed);
        let mut engine = Engine::of(Timeline::sparing(&scenario).map_err(|e| words::retold(&e.to_string()))?, None);
        engine.run_to(FREE_PLAY_FROM_NS);
        Ok(engine)
    }

    /// Free play where it opens, without what only takes room.
    pub(crate) fn prepared() -> Result<Engine, String> {
        let mut engine = Engine::free_play(None)?;
        engine.timeline.slim();
        Ok(engine)
    }

    fn from_link(link: &str) -> Result<(Engine, Option<String>), String> {
        match Timeline::from_link(link) {
            Ok(timeline) => Ok((Engine::of(timeline, None), None)),
            Err(OpenError::Digest { timeline, engine, .. }) => {
                let message =
                    tell!("This link was made by kafkasim {}: the replay may differ from what was shared", engine);
                Ok((Engine::of(*timeline, None), Some(message)))
            }
            Err(error) => Err(words::retold(&error.to_string())),
        }
    }

    fn begin(mut scenario: Scenario, lesson: Option<Lesson>, seed: Option<u64>) -> Result<Engine, String> {
        scenario.seed = seed.unwrap_or(scenario.seed);
        let timeline = Timeline::new(&scenario).map_err(|e| words::retold(&e.to_string()))?;
        Ok(Engine::of(timeline, lesson))
    }

    fn of(timeline: Timeline, lesson: Option<Lesson>) -> Engine {
        let mut engine = Engine {
            timeline,
            story: Story::default(),
            lesson: lesson.map(Course::new),
            stirred: 0,
            past: Default::default(),
            why: Default::default(),
            message: None,
            condition: None,
            compared: None,
            bookmarks: Rc::default(),
            lock: None,
        };
        engine.take_stir();
        engine.look_at_goals();
        engine
    }

    // ---- looking

    /// The run's clock, ns.
    pub(crate) fn now_ns(&self) -> u64 {
        self.timeline.lab().clock().as_nanos()
    }
    /// How far the active branch was played, ns.
    pub(crate) fn head_ns(&self) -> u64 {
        self.timeline.range().1.since(BOOT).as_nanos()
    }
    /// All there is to see now.
    pub(crate) fn observe(&self, internal: bool, focus: Option<(String, i32)>) -> Picture {
        let lens = Lens { tail: 16, internal, terminal_lines: 300, partitions_max: PARTITIONS_MAX, focus };
        view::observe(self.timeline.lab(), &lens)
    }
    /// What the open view and the inspector show beyond the picture.
    pub(crate) fn detail(&mut self, want: &Want, picture: &Picture) -> Detail {
        if want.needs_trace() {
            self.timeline.recall();
        }
        let name = &self.timeline.branches()[self.timeline.active()].name;
        if self.past.0 != *name {
            self.past = (name.clone(), Past::default());
        }
        self.past.1.catch_up(self.timeline.lab());
        let mut found = detail::detail(self.timeline.lab(), &self.past.1, want, picture);
        if let Some(event) = want.why() {
            if self.why.0 != event {
                self.why = (event, self.causes(event));
            }
            found.why = self.why.1.clone();
        }
        match (&found.message, want.message()) {
            (Some((message, _)), _) => self.message = Some(message.clone()),
            (None, Some(id)) => {
                found.message = self.message.clone().filter(|last| last.id == id).map(|last| (last, false))
            }
            (None, None) => {}
        }
        found.compared = want.compares_with().and_then(|other| self.compare(other, picture));
        found
    }
    /// The branch on the stage beside another one.
    fn compare(&mut self, other: usize, picture: &Picture) -> Option<Rc<Compared>> {
        let active = self.timeline.active();
        let key = (active, other, picture.event, picture.now_ns);
        if self.compared.as_ref().is_none_or(|(last, _)| *last != key) {
            let name = self.timeline.branches().get(other).filter(|_| other != active)?.name.clone();
            let lab = self.timeline.peek(other, u64::MAX, moment(picture.now_ns))?;
            let there = view::observe(
                &lab,
                &Lens { tail: 16, terminal_lines: 0, partitions_max: PARTITIONS_MAX, ..Lens::default() },
            );
            let list = view::differences(picture, &there);
            let found = Compared { name, at_ns: picture.now_ns, there_ns: there.now_ns, list, there: Rc::new(there) };
            self.compared = Some((key, Rc::new(found)));
        }
        self.compared.as_ref().map(|(_, found)| found.clone())
    }
    /// What led to an event. Where the trace no longer reaches, an earlier moment is looked at.
    fn causes(&self, event: u64) -> Vec<Cause> {
        let (mut chain, mut next) = view::why(self.timeline.lab(), event, CAUSES_MAX);
        for _ in 0..LOOKS_BACK_MAX {
            let left = CAUSES_MAX.saturating_sub(chain.len());
            if next == 0 || left == 0 {
                break;
            }
            let Some(lab) = self.timeline.peek(self.timeline.active(), next, Time::MAX) else { break };
            let (more, then) = view::why(&lab, next, left);
            if more.is_empty() {
                break;
            }
            chain.extend(more);
            next = then;
        }
        chain
    }
    /// How much flows and flowed.
    pub(crate) fn rate(&self) -> Rate {
        Rate::of(self.timeline.lab())
    }
    /// What happened on this branch, also after the playhead.
    pub(crate) fn story(&mut self) -> Rc<Vec<Event>> {
        let branch = self.timeline.branches()[self.timeline.active()].name.clone();
        self.story.catch_up(&branch, self.timeline.lab())
    }
    /// The futures there are.
    pub(crate) fn branches(&self) -> Vec<Branch> {
        let active = self.timeline.active();
        let list = self.timeline.branches().iter().enumerate().map(|(i, b)| Branch {
            name: b.name.clone(),
            is_active: i == active,
            head_ns: b.head().since(BOOT).as_nanos(),
            parent: b.parent.as_ref().map(|(name, at)| (name.clone(), at.since(BOOT).as_nanos())),
            commands: b.log().len(),
        });
        list.collect()
    }
    /// Where the run stands.
    pub(crate) fn place(&self) -> Place {
        self.timeline.lab().place()
    }
    /// The fragment that replays this run up to now.
    pub(crate) fn link(&self) -> String {
        let (branch, roots) = self.roots();
        let here = self.bookmarks.iter().filter(|b| bookmarks::home(&roots, &branch, b.at_ns) == b.branch);
        format!("#{}{}", self.timeline.link().trim_start_matches('#'), bookmarks::pack(here))
    }
    /// Moments that have a name. Those of the active branch, and of the past it shares with others, name no branch.
    pub(crate) fn bookmarks(&self) -> Rc<Vec<Bookmark>> {
        if self.bookmarks.is_empty() {
            return self.bookmarks.clone();
        }
        let (branch, roots) = self.roots();
        let mut list = (*self.bookmarks).clone();
        for b in list.iter_mut().filter(|b| bookmarks::home(&roots, &branch, b.at_ns) == b.branch) {
            b.branch.clear();
        }
        list.retain(|b| b.branch.is_empty() || roots.iter().any(|root| root.0 == b.branch));
        Rc::new(list)
    }
    /// Names a moment of a branch, or of the active one for none; an empty name takes it back.
    pub(crate) fn bookmark(&mut self, branch: &str, at_ns: u64, name: &str) {
        let (active, roots) = self.roots();
        let home = if branch.is_empty() { bookmarks::home(&roots, &active, at_ns) } else { branch.to_owned() };
        bookmarks::add(Rc::make_mut(&mut self.bookmarks), &home, at_ns, name);
    }
    /// Goes to a moment of a branch, or of the active one for none.
    pub(crate) fn visit(&mut self, branch: &str, at_ns: u64) {
        if let Some(index) = self.timeline.branches().iter().position(|b| b.name == branch) {
            self.timeline.switch(index);
        }
        self.seek(at_ns);
    }
    /// The name of the active branch, and where each began.
    fn roots(&self) -> (String, Vec<bookmarks::Root>) {
        let since = |at: Time| at.since(BOOT).as_nanos();
        let all = self.timeline.branches();
        let root = |b: &lab::Branch| (b.name.clone(), b.parent.as_ref().map(|(name, at)| (name.clone(), since(*at))));
        (all[self.timeline.active()].name.clone(), all.iter().map(root).collect())
    }
    /// The facts of the run up to now.
    pub(crate) fn history(&self) -> &lab::History {
        self.timeline.lab().history()
    }
    /// What the run is called.
    pub(crate) fn title(&self) -> String {
        match &self.lesson {
            Some(course) => course.lesson.title.clone(),
            None => self.timeline.lab().scenario().title.clone(),
        }
    }
    /// Its seed.
    pub(crate) fn seed(&self) -> u64 {
        self.timeline.lab().scenario().seed
    }
    /// Whether a process runs.
    pub(crate) fn is_running(&self, process: &str) -> bool {
        let world = self.timeline.lab().world();
        world.find(process).is_some_and(|node| world.state(node) == NodeState::Running)
    }
    /// The invariant that broke and stopped the run, if one did.
    pub(crate) fn violation(&self) -> Option<String> {
        self.timeline.lab().violation().map(|v| v.to_string())
    }
    /// What the word being typed may become.
    pub(crate) fn complete(&self, text: &str) -> Vec<String> {
        complete::candidates(self.timeline.lab(), text)
    }

    // ---- conditions

    /// Whether `sim until` this is to wait for facts, not for a moment.
    pub(crate) fn is_condition(text: &str) -> bool {
        Condition::is_meant(text)
    }
    /// Takes a condition to run until. True if it holds already.
    pub(crate) fn set_condition(&mut self, text: &str) -> Result<bool, String> {
        let wrong = |why: String| format!("sim until {text}: {}", words::retold(&why));
        let condition = Condition::parse(text).map_err(|e| wrong(e.message))?;
        let holds = match condition.truth(self.timeline.lab()) {
            Truth::Untold(why) | Truth::Never(why) => return Err(wrong(why)),
            Truth::Yes => true,
            Truth::No => false,
        };
        self.condition = Some(condition);
        Ok(holds)
    }
    /// Whether the condition holds now.
    pub(crate) fn condition_holds(&self) -> bool {
        self.condition.as_ref().is_some_and(|condition| condition.holds(self.timeline.lab()))
    }
    /// What became of it.
    pub(crate) fn condition_said(&self) -> String {
        let text = self.condition.as_ref().map_or(String::new(), ToString::to_string);
        let what = if self.condition_holds() { t("now") } else { t("not in ten minutes") };
        format!("{text}: {what}")
    }
    /// Whether the event that ran last was the arrival of a message that is no chatter.
    pub(crate) fn got_message(&self) -> bool {
        view::got_message(self.timeline.lab())
    }

    // ---- moving

    /// Runs to a moment ahead, at once.
    pub(crate) fn run_to(&mut self, ns: u64) {
        self.timeline.run_until(moment(ns));
        self.take_stir();
        self.look_at_goals();
    }
    /// Runs the next event.
    pub(crate) fn step(&mut self) {
        self.timeline.step();
    }
    /// Runs at most one event due by `until_ns`. True once nothing more is due, with the clock set to `until_ns`.
    pub(crate) fn run_one(&mut self, until_ns: u64) -> bool {
        self.timeline.run_until_or(moment(until_ns), 1)
    }
    /// Takes the last event back.
    pub(crate) fn step_back(&mut self) {
        self.timeline.step_back();
    }
    /// Goes to the moment before the last command; to the beginning if there was none.
    pub(crate) fn before_command(&mut self) {
        let last = self.timeline.lab().log().last().map(|command| command.at.since(BOOT).as_nanos());
        self.seek(last.map_or(0, |at| at.saturating_sub(1)));
    }
    /// Goes to a moment, or to the end of the branch if it was not played that far.
    pub(crate) fn seek(&mut self, ns: u64) {
        self.timeline.seek(moment(ns.min(self.head_ns())));
    }
    /// How much moved since the last call.
    pub(crate) fn take_stir(&mut self) -> Stir {
        let history = self.timeline.lab().history();
        let made = history.len();
        if made == self.stirred {
            return Stir::Quiet;
        }
        let from = if made > self.stirred { self.stirred } else { made };
        self.stirred = made;
        history.since(from).map(|n| view::stir(&n.note)).max().unwrap_or(Stir::Quiet)
    }

    // ---- acting

    /// Whether a program reads what is typed in a terminal.
    pub(crate) fn is_read(&self, terminal: u32) -> bool {
        self.timeline.lab().terminals().get(&terminal).is_some_and(|t| t.foreground.is_some() && t.is_read)
    }
    /// Whether a program runs in the foreground of a terminal.
    pub(crate) fn has_foreground(&self, terminal: u32) -> bool {
        self.timeline.lab().terminals().get(&terminal).is_some_and(|t| t.foreground.is_some())
    }
    /// Enters a line. What to say if it was refused and no terminal says so.
    pub(crate) fn command(&mut self, terminal: u32, text: &str) -> Option<String> {
        match self.timeline.command(terminal, text) {
            Given::Refused(why) => Some(words::retold(why.lines().next().unwrap_or_default())),
            Given::Started(_) | Given::Typed | Given::Done(_) | Given::Nothing => None,
        }
    }
    /// Goes to the head of another branch.
    pub(crate) fn switch(&mut self, branch: usize) {
        self.timeline.switch(branch);
    }

    // ---- the lesson

    /// The lesson as it stands.
    pub(crate) fn lesson(&self) -> Option<Rc<LessonView>> {
        self.lesson.as_ref().map(|course| course.view.clone())
    }
    /// Turns to another step.
    pub(crate) fn lesson_step(&mut self, step: usize) {
        if let Some(course) = &mut self.lesson {
            let last = course.lesson.steps.len().saturating_sub(1).min(self.lock.unwrap_or(usize::MAX));
            course.progress.step = step.min(last);
        }
        self.look_at_goals();
    }
    /// The last step that may be turned to, from 1; None for all.
    pub(crate) fn lock_after(&mut self, step: Option<usize>) {
        self.lock = step.map(|step| step.saturating_sub(1));
        self.lesson_step(self.lesson.as_ref().map_or(0, |course| course.progress.step));
    }
    /// Whether the next step is locked.
    pub(crate) fn is_locked(&self) -> bool {
        self.lesson.as_ref().is_some_and(|course| self.lock == Some(course.progress.step))
    }
    /// The commands that were given, oldest first: when, ns, in which terminal, and what.
    pub(crate) fn given(&self) -> impl DoubleEndedIterator<Item = (u64, u32, &str)> {
        self.timeline.lab().log().iter().map(|c| (c.at.since(BOOT).as_nanos(), c.term, &*c.text))
    }
    /// Steps that were done on an earlier visit, from 1.
    pub(crate) fn lesson_was_done(&mut self, steps: &[usize]) {
        if let Some(course) = &mut self.lesson {
            let at = self.timeline.lab().now();
            steps.iter().for_each(|step| course.progress.was_done(step.saturating_sub(1), at));
        }
        self.look_at_goals();
    }
    /// How time goes on after a command of the present step, as in [`lessons::play`]. None for any other line.
    pub(crate) fn pace(&self, terminal: u32, text: &str) -> Option<Pace> {
        let course = self.lesson.as_ref()?;
        let items = &course.lesson.steps[course.progress.step].items;
        let line_of = |console: &Console| console.lines.iter().position(|line| line.command == text.trim());
        let (at, console, line) = items.iter().enumerate().find_map(|(at, item)| match item {
            Item::Console(console) if console.term == terminal => Some((at, console, line_of(console)?)),
            _ => None,
        })?;
        let is_last = line + 1 == console.lines.len();
        let next = items[at + 1..].iter().take_while(|item| is_last && !matches!(item, Item::Console(_)));
        let checks = |item: &Item| if let Item::Check(check) = item { Some(check.within) } else { None };
        let within: Vec<Duration> = next.filter_map(checks).collect();
        Some(Pace {
            run_ns: console.pace(line).map(Duration::as_nanos),
            goals: items[..at].iter().filter_map(checks).count() + within.len(),
            within_ns: within.iter().map(|span| span.as_nanos()).sum(),
        })
    }
    /// Whether the first `n` goals of the present step are met, as far as they wait for something.
    pub(crate) fn are_met(&self, n: usize) -> bool {
        let met = |course: &Course| {
            course.progress.checks(course.progress.step).iter().take(n).all(|check| *check != CheckState::Open)
        };
        self.lesson.as_ref().is_none_or(met)
    }
    /// Locks a choice.
    pub(crate) fn bet(&mut self, number: usize, choice: usize) {
        if let Some(course) = &mut self.lesson {
            let step = course.progress.step;
            course.progress.choose(step, number, choice);
        }
        self.look_at_goals();
    }
    /// The reader chose another language: a bundled lesson goes on in it, if it has one.
    pub(crate) fn speak(&mut self) {
        if let Some(course) = &mut self.lesson
            && let Some(lesson) = lessons::bundled_in(&course.lesson.id, &words::spoken())
            && lesson.steps.len() == course.lesson.steps.len()
        {
            course.lesson = lesson;
        }
        self.look_at_goals();
    }
    /// Evaluates the goals of the present step.
    pub(crate) fn look_at_goals(&mut self) {
        if let Some(course) = &mut self.lesson {
            course.look(self.timeline.lab());
        }
    }
}

fn moment(ns: u64) -> Time {
    BOOT + Duration::from_nanos(ns)
}

impl Course {
    fn new(lesson: Lesson) -> Course {
        let progress = Progress::new(&lesson);
        let view = Rc::new(view_of(&lesson, &progress, &[]));
        Course { lesson, progress, answers: Vec::new(), view }
    }

    fn look(&mut self, lab: &lab::Lab) {
        self.progress.look(&self.lesson, lab);
        let step = self.progress.step;
        let has_checks = !self.progress.checks(step).is_empty();
        if has_checks && self.progress.is_done(step) {
            self.answer(step, lab);
        }
        let view = view_of(&self.lesson, &self.progress, &self.answers);
        if view != *self.view {
            self.view = Rc::new(view);
        }
    }

    /// The engine answers the questions of a step once its goals are met, and does not change its mind.
    fn answer(&mut self, step: usize, lab: &lab::Lab) {
        let questions =
            self.lesson.steps[step].items.iter().filter_map(|i| if let Item::Predict(p) = i { Some(p) } else { None });
        for (n, question) in questions.enumerate() {
            if !self.answers.iter().any(|(key, _)| *key == (step, n)) {
                self.answers.push(((step, n), question.right_choice(lab)));
            }
        }
    }
}

fn view_of(lesson: &Lesson, progress: &Progress, answers: &[((usize, usize), Result<usize, String>)]) -> LessonView {
    let n = progress.step;
    let (mut parts, mut checks, mut bets) = (Vec::new(), 0, 0);
    for item in &lesson.steps[n].items {
        match item {
            Item::Text(block) => parts.push(Part::Text(block.clone())),
            Item::Console(console) => {
                let run_ns = |line| console.pace(line).map_or(0, Duration::as_nanos);
                let lines = console.lines.iter().enumerate();
                parts.extend(lines.map(|(n, l)| Part::Command(console.term, l.prompt, l.command.clone(), run_ns(n))));
            }
            Item::Check(check) => {
                let state = progress.checks(n).get(checks).map_or(GoalState::Open, goal_state);
                checks += 1;
                let goal = Goal { text: check.text.clone(), state };
                match parts.last_mut() {
                    Some(Part::Goals(goals)) => goals.push(goal),
                    _ => parts.push(Part::Goals(vec![goal])),
                }
            }
            Item::Predict(predict) => {
                parts.push(Part::Bet(Bet {
                    number: bets,
                    question: predict.question.clone(),
                    choices: predict.choices.iter().map(|(_, text)| text.clone()).collect(),
                    locked: progress.choice(n, bets),
                    found: answers.iter().find(|(key, _)| *key == (n, bets)).map(|(_, found)| found.clone()),
                }));
                bets += 1;
            }
            Item::Hint(blocks) => parts.push(Part::Hint(blocks.clone())),
            Item::Stop(blocks) => parts.push(Part::Stop(blocks.clone())),
        }
    }
    LessonView {
        id: lesson.id.clone(),
        title: lesson.title.clone(),
        step: n,
        steps: lesson.steps.len(),
        step_title: lesson.steps[n].title.clone(),
        parts,
        is_done: progress.is_done(n),
        done: (0..lesson.steps.len()).filter(|step| progress.is_done(*step)).map(|step| step + 1).collect(),
        is_complete: progress.is_complete(),
        minutes: lesson.minutes,
        leaves_out: lesson.leaves_out.clone(),
        next: lesson.next.clone(),
    }
}

fn goal_state(state: &CheckState) -> GoalState {
    match state {
        CheckState::Open => GoalState::Open,
        CheckState::Met(at) => GoalState::Met(at.since(BOOT).as_nanos()),
        CheckState::Broken(at) => GoalState::Broken(at.since(BOOT).as_nanos()),
        CheckState::Error(why) => GoalState::Unclear(why.clone()),
    }
}

/// Only marks of these kinds become events: the others repeat what notes say better.
pub(crate) fn is_told_by_mark(kind: MarkKind) -> bool {
    match kind {
        MarkKind::Command | MarkKind::Process | MarkKind::Violation => true,
        MarkKind::Leader | MarkKind::Isr | MarkKind::Rebalance | MarkKind::Truncation => false,
    }
}
