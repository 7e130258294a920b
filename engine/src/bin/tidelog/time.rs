//! Timestamps as people read and write them: UTC, milliseconds.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp as Instant, Zoned};
use tidelog::types::Timestamp;

/// `2026-01-31T12:00:00.000Z`; `-` for none, and the number for what no calendar has.
pub(crate) fn timestamp_text(timestamp: Timestamp) -> String {
    if timestamp == Timestamp::NONE {
        return "-".to_owned();
    }
    match Instant::from_millisecond(timestamp.0) {
        Ok(instant) => format!("{instant:.3}"),
        Err(_) => timestamp.0.to_string(),
    }
}

/// Reads a date, a time of day with it, or a time with its zone. Without a zone it is UTC.
///
/// # Errors
/// A text that shows the forms there are.
pub(crate) fn parse_timestamp(text: &str) -> Result<Timestamp, String> {
    let instant = text.parse::<Instant>().ok();
    let zoned = || text.parse::<Zoned>().ok().map(|zoned| zoned.timestamp());
    let in_utc = |date_time: DateTime| date_time.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    let civil = || text.parse::<DateTime>().ok().and_then(in_utc);
    let date = || text.parse::<Date>().ok().and_then(|date| in_utc(date.to_datetime(Default::default())));
    let found = instant.or_else(zoned).or_else(civil).or_else(date);
    found.map(|instant| Timestamp(instant.as_millisecond())).ok_or_else(|| {
        format!("{text:?} is no time: give 2026-01-31, 2026-01-31T12:00:00.000 or 2026-01-31T12:00:00+01:00")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_every_form_and_shown_in_one() {
        let noon = Timestamp(1_769_860_800_000);
        for text in [
            "2026-01-31T12:00:00Z",
            "2026-01-31T12:00:00",
            "2026-01-31T12:00:00.000",
            "2026-01-31 12:00",
            "2026-01-31T13:00:00+01:00",
        ] {
            assert_eq!(parse_timestamp(text), Ok(noon), "{text}");
        }
        assert_eq!(timestamp_text(noon), "2026-01-31T12:00:00.000Z");
        assert_eq!(parse_timestamp("1970-01-01"), Ok(Timestamp(0)));
        assert!(parse_timestamp("yesterday").is_err());
    }

    #[test]
    fn what_no_calendar_has_is_shown_as_it_is() {
        assert_eq!(timestamp_text(Timestamp::NONE), "-");
        assert_eq!(timestamp_text(Timestamp(i64::MAX)), i64::MAX.to_string());
        assert_eq!(timestamp_text(Timestamp(-86_400_000)), "1969-12-31T00:00:00.000Z");
    }
}
