//! What a program can do besides talking to brokers: print lines, look at the clock, end.

use std::fmt::{self, Write};

use kernel::{Effects, Time};
use protocol::{Message, Note, Plant};

use crate::outlet::Outlet;

/// A program's hands during one step.
pub(crate) struct Io<'a> {
    pub(crate) now: Time,
    pub(crate) fx: &'a mut Effects<Message, Note>,
    pub(crate) exited: &'a mut Option<i32>,
    /// The bug that is planted in its clients, if any.
    pub(crate) plant: Plant,
    outlet: Option<&'a mut Outlet>,
    /// Room in which texts are put together.
    scratch: String,
}

impl<'a> Io<'a> {
    pub(crate) fn new(
        now: Time,
        fx: &'a mut Effects<Message, Note>,
        exited: &'a mut Option<i32>,
        plant: Plant,
        outlet: Option<&'a mut Outlet>,
    ) -> Io<'a> {
        Io { now, fx, exited, plant, outlet, scratch: String::new() }
    }

    /// A text, put together where the last one was.
    pub(crate) fn text(&mut self, text: fmt::Arguments<'_>) -> &str {
        self.scratch.clear();
        self.scratch.write_fmt(text).expect("a string takes all that is written to it");
        &self.scratch
    }

    /// Prints a text of one line to standard output.
    pub(crate) fn out_line(&mut self, text: fmt::Arguments<'_>) {
        self.text(text);
        let line = std::mem::take(&mut self.scratch);
        self.print_line(&line, false);
        self.scratch = line;
    }

    /// Prints to standard output; a text of several lines makes several.
    pub(crate) fn out(&mut self, text: impl AsRef<str>) {
        self.print(text.as_ref(), false);
    }

    /// Prints to standard error.
    pub(crate) fn err(&mut self, text: impl AsRef<str>) {
        self.print(text.as_ref(), true);
    }

    /// Prints a log4j line to standard error, in the pattern `[%d] %p %m (%c)` of Kafka's tools.
    pub(crate) fn log(&mut self, level: &str, text: &str, logger: &str) {
        let line = format!("[{}] {level} {text} ({logger})", log_time(self.wall_ms()));
        self.print(&line, true);
    }

    /// An ERROR line with an exception, whose stack ends the message: the logger stands on the next line.
    pub(crate) fn log_exception(&mut self, text: &str, logger: &str) {
        self.log("ERROR", &format!("{text}\n"), logger);
    }

    /// The wall clock, ms since the epoch.
    pub(crate) fn wall_ms(&self) -> i64 {
        clients::wall_ms(self.now, self.fx)
    }

    /// Ends the program; what it does after that in the same step is its last words.
    pub(crate) fn exit(&mut self, code: i32) {
        if self.exited.is_none() {
            *self.exited = Some(code);
            // A pipeline ends when the step is over, with the code of its last command.
            if self.outlet.is_none() {
                self.fx.exit(code);
            }
        }
    }

    /// Whether it has written to a standard output that nobody reads any more.
    pub(crate) fn is_pipe_broken(&self) -> bool {
        self.outlet.as_ref().is_some_and(|outlet| outlet.is_broken())
    }

    fn print(&mut self, text: &str, is_stderr: bool) {
        text.split('\n').for_each(|line| self.print_line(line, is_stderr));
    }

    fn print_line(&mut self, line: &str, is_stderr: bool) {
        match &mut self.outlet {
            None => show(self.fx, line, is_stderr),
            Some(outlet) => outlet.print(line, is_stderr, &mut |line, is_stderr| show(self.fx, line, is_stderr)),
        }
    }
}

/// Writes a line to the terminal.
pub(crate) fn show(fx: &mut Effects<Message, Note>, line: &str, is_stderr: bool) {
    fx.note(Note::Output { line: line.into(), is_stderr });
}

/// `2027-01-15 08:00:00,123` for so many ms since the epoch, in UTC.
pub fn log_time(ms: i64) -> String {
    let civil = civil(ms);
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02},{:03}",
        civil.year, civil.month, civil.day, civil.hour, civil.minute, civil.second, civil.ms
    )
}

/// A moment in the proleptic Gregorian calendar, UTC.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Civil {
    pub(crate) year: i64,
    pub(crate) month: i64,
    pub(crate) day: i64,
    pub(crate) hour: i64,
    pub(crate) minute: i64,
    pub(crate) second: i64,
    pub(crate) ms: i64,
}

/// The calendar date and time of `ms` since the epoch (Howard Hinnant's `civil_from_days`).
pub(crate) fn civil(ms: i64) -> Civil {
    let days = ms.div_euclid(86_400_000);
    let in_day = ms.rem_euclid(86_400_000);
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    Civil {
        year: year_of_era + era * 400 + i64::from(month <= 2),
        month,
        day: day_of_year - (153 * shifted_month + 2) / 5 + 1,
        hour: in_day / 3_600_000,
        minute: in_day / 60_000 % 60,
        second: in_day / 1000 % 60,
        ms: in_day % 1000,
    }
}

/// The inverse of [`civil`], without a check of the fields' ranges.
pub(crate) fn epoch_ms(civil: Civil) -> i64 {
    let year = civil.year - i64::from(civil.month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted_month = (civil.month + 9) % 12;
    let day_of_year = (153 * shifted_month + 2) / 5 + civil.day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    days * 86_400_000 + civil.hour * 3_600_000 + civil.minute * 60_000 + civil.second * 1000 + civil.ms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_lines_carry_the_wall_clock_in_utc() {
        assert_eq!(log_time(protocol::EPOCH_MS), "2027-01-15 08:00:00,000");
        assert_eq!(log_time(951_782_400_123), "2000-02-29 00:00:00,123");
        for ms in [0, 951_782_400_123, 1_800_000_000_000, 4_107_542_399_999] {
            assert_eq!(epoch_ms(civil(ms)), ms);
        }
    }
}
