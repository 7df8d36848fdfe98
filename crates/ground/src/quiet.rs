//! A panic of a library that reads untrusted bytes, caught and kept off the terminal.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    /// Whether this thread's panics are expected and reported otherwise.
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work`; if it panics, gives the panic's words instead of printing them. Other threads'
/// panics go to whatever hook was there before.
///
/// # Errors
/// With the panic's words.
pub fn quietly<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                previous(info);
            }
        }));
    });
    let before = QUIET.replace(true);
    // The work owns what it changes, so nothing half-changed is seen afterwards.
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    QUIET.set(before);
    result.map_err(|payload| words(&*payload))
}

fn words(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("for an unknown reason")
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::quietly;

    #[test]
    fn a_panic_becomes_its_words() {
        assert_eq!(quietly(|| 7), Ok(7));
        assert_eq!(
            quietly(|| panic!("index {} too far", 3)),
            Err::<(), _>("index 3 too far".into())
        );
        assert_eq!(quietly(|| panic!("plain")), Err::<(), _>("plain".into()));
    }
}
