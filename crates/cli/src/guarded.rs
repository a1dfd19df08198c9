//! Faults of the simulator as results. A release build aborts where it panics: code that need not be unwound is a tenth faster. So
//! what may panic runs in a thread of its own, which says what its panic says and then stands still instead of going down with all.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{set_hook, take_hook};
use std::sync::Once;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{Builder, park};

thread_local! {
    /// Whom a panic of this thread is told.
    static TOLD: RefCell<Option<SyncSender<String>>> = const { RefCell::new(None) };
}

/// As much as the main thread has.
const STACK_BYTES: usize = 8 << 20;

/// What `work` gives, or the words of its panic, which are printed as ever too. In a release build a thread that panicked stays, with its memory,
/// until the program ends, and no hook can be set or taken from then on.
pub(crate) fn guarded<T: Send + 'static>(name: &str, work: impl FnOnce() -> T + Send + 'static) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let print = take_hook();
        set_hook(Box::new(move |fault| {
            print(fault);
            if let Ok(Some(told)) = TOLD.try_with(RefCell::take)
                && told.send(words(fault.payload())).is_ok()
                && cfg!(panic = "abort")
            {
                // Once this hook returns, all is over. Other builds unwind, and the thread ends.
                loop {
                    park();
                }
            }
        }));
    });
    let (fault, faults) = sync_channel(1);
    let (done, gives) = sync_channel(1);
    let thread = Builder::new().name(name.to_owned()).stack_size(STACK_BYTES).spawn(move || {
        TOLD.set(Some(fault));
        let given = work();
        // Whoever waits for it is there; the end of the thread's other channel says that it may look.
        let _ = done.send(given);
        TOLD.set(None);
    });
    if let Err(error) = thread {
        return Err(format!("no thread for {name}: {error}"));
    }
    match faults.recv() {
        Ok(words) => Err(words),
        Err(_) => gives.recv().map_err(|_| "it ended without a word".to_owned()),
    }
}

fn words(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str).or(payload.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic without words").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_result_and_what_comes_after_it_runs() {
        let nothing: Vec<u32> = Vec::new();
        assert_eq!(
            guarded("first", move || nothing[0]),
            Err("index out of bounds: the len is 0 but the index is 0".into())
        );
        assert_eq!(guarded("second", || 7), Ok(7));
    }
}
