//! Progress bars on standard error, for work that takes a while. They show only where standard error is a terminal, and
//! not beside results that are printed to the same terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar for `total` bytes of work.
pub(crate) fn bytes(doing: &'static str, total: u64) -> ProgressBar {
    styled(
        ProgressBar::new(total),
        "{msg:12} [{wide_bar}] {bytes}/{total_bytes}  {bytes_per_sec}  {eta}",
        doing,
    )
}

/// A bar for `total` things to be done.
pub(crate) fn count(doing: &'static str, total: u64) -> ProgressBar {
    styled(ProgressBar::new(total), "{msg:12} [{wide_bar}] {human_pos}/{human_len}  {per_sec}  {eta}", doing)
}

/// A running count of bytes, where nobody knows the end.
pub(crate) fn open_ended(doing: &'static str) -> ProgressBar {
    styled(ProgressBar::no_length(), "{msg:12} {bytes}  {bytes_per_sec}", doing)
}

fn styled(bar: ProgressBar, template: &str, doing: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.with_style(style.progress_chars("=> ")).with_message(doing)
}

/// A line that says how things stand, while it is set.
pub(crate) fn live() -> ProgressBar {
    let style = ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::no_length().with_style(style)
}
