//! What a run prints: one table per workload and size, the floor in its last line; and the same as JSON.

use std::fmt::Write;

use crate::contest::{Against, Better, Bound, Goal, Role};
use crate::job::Scale;
use crate::machine::Machine;
use crate::session::{Row, Table};

/// A whole run, as written by `--json`.
#[derive(serde::Serialize)]
pub struct Report {
    machine: Machine,
    scale: Scale,
    rounds: u32,
    tables: Vec<TableReport>,
}

#[derive(serde::Serialize)]
struct TableReport {
    workload: &'static str,
    variant: &'static str,
    metrics: Vec<&'static str>,
    rows: Vec<RowReport>,
    goals: Vec<GoalReport>,
}

#[derive(serde::Serialize)]
struct RowReport {
    contestant: &'static str,
    role: Role,
    medians: Vec<Option<f64>>,
    samples: Vec<Vec<f64>>,
    failures: Vec<String>,
}

#[derive(serde::Serialize)]
struct GoalReport {
    goal: String,
    value: f64,
    reached: bool,
}

impl Report {
    /// A run without tables yet.
    #[must_use]
    pub fn new(machine: Machine, scale: Scale, rounds: u32) -> Report {
        Report { machine, scale, rounds, tables: Vec::new() }
    }

    /// Adds a finished table.
    pub fn add(&mut self, table: &Table) {
        let metrics = table.workload.metrics;
        let row = |row: &Row| RowReport {
            contestant: row.contestant.name,
            role: row.contestant.role,
            medians: (0..metrics.len()).map(|metric| row.median(metric)).collect(),
            samples: row.samples.clone(),
            failures: row.failures.clone(),
        };
        self.tables.push(TableReport {
            workload: table.workload.name,
            variant: table.variant.name,
            metrics: metrics.iter().map(|metric| metric.name).collect(),
            rows: table.rows.iter().map(row).collect(),
            goals: table.variant.goals.iter().filter_map(|goal| judge(goal, table)).collect(),
        });
    }
}

/// The table as text. Behind each figure stands a ratio: tidelog's figure over this one, or, where tidelog took no
/// part, this figure over the floor's.
#[must_use]
pub fn text(table: &Table) -> String {
    let subject =
        table.rows.iter().find(|row| row.contestant.role == Role::Subject && !row.samples.is_empty());
    let width = table.rows.iter().map(|row| row.contestant.name.len()).max().unwrap_or(0);
    let mut out = String::new();
    let workload = table.workload;
    line(&mut out, format_args!("{}, {}: {}", workload.name, table.variant.name, workload.about));
    let ratio = if subject.is_some() { "tidelog/this" } else { "this/floor" };
    let titles = workload.metrics.iter().map(|metric| format!(" {:>14} {:>12}", metric.name, ratio));
    line(&mut out, format_args!("  {:width$}{} {:>7}", "", titles.collect::<String>(), "spread"));
    for row in &table.rows {
        let name = row.contestant.name;
        match (row.failures.last(), row.samples.len()) {
            (None, _) => line(&mut out, format_args!("  {name:width$}{}", cells(row, subject, table))),
            (Some(reason), 0) => line(&mut out, format_args!("  {name:width$}  -  {reason}")),
            (Some(reason), _) => {
                let (cells, count) = (cells(row, subject, table), row.failures.len());
                line(&mut out, format_args!("  {name:width$}{cells}  {count} rounds failed: {reason}"));
            }
        }
    }
    for goal in table.variant.goals.iter().filter_map(|goal| judge(goal, table)) {
        let verdict = if goal.reached { "reached" } else { "MISSED" };
        let value = if goal.value.abs() < 10.0 { format!("{:.3}", goal.value) } else { number(goal.value) };
        line(&mut out, format_args!("  goal: {}: {value}, {verdict}", goal.goal));
    }
    out
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(out, "{text}").expect("writing to a String does not fail");
}

fn cells(row: &Row, subject: Option<&Row>, table: &Table) -> String {
    let mut cells = String::new();
    for metric in 0..table.workload.metrics.len() {
        let value = row.median(metric);
        let ratio = match subject {
            Some(subject) => over(subject.median(metric), value),
            None => over(value, table.rows.last().and_then(|floor| floor.median(metric))),
        };
        let ratio = ratio.map_or(String::new(), |ratio| format!("{ratio:.2}x"));
        let value = value.map_or(String::new(), number);
        cells.push_str(&format!(" {value:>14} {ratio:>12}"));
    }
    let spread = row.spread(0).map_or(String::new(), |spread| format!("{:.0}%", spread * 100.0));
    format!("{cells} {spread:>7}")
}

fn over(value: Option<f64>, base: Option<f64>) -> Option<f64> {
    base.filter(|base| *base != 0.0).and_then(|base| Some(value? / base))
}

/// A figure with the digits that mean something: thousands grouped, decimals below a hundred.
fn number(value: f64) -> String {
    let text = if value.abs() < 100.0 { format!("{value:.2}") } else { format!("{value:.0}") };
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + rest
}

fn judge(goal: &Goal, table: &Table) -> Option<GoalReport> {
    let metric = table.workload.metrics.iter().position(|metric| metric.name == goal.metric)?;
    let of = |name: &str| table.rows.iter().find(|row| row.contestant.name == name)?.median(metric);
    let own = of(goal.of)?;
    let (value, unit) = match goal.against {
        Against::Nothing => (own, goal.metric.to_owned()),
        Against::Contestant(name) => (own / of(name)?, format!("x {} of {name}", goal.metric)),
        Against::BestPeer => (own / best_peer(table, metric)?, format!("x {} of the best peer", goal.metric)),
    };
    let bound = match goal.bound {
        Bound::AtLeast(least) => format!("at least {}", number(least)),
        Bound::AtMost(most) => format!("at most {}", number(most)),
    };
    Some(GoalReport { goal: format!("{} {bound} {unit}", goal.of), value, reached: goal.bound.holds(value) })
}

fn best_peer(table: &Table, metric: usize) -> Option<f64> {
    let figures = table
        .rows
        .iter()
        .filter(|row| row.contestant.role == Role::Peer)
        .filter_map(|row| row.median(metric));
    match table.workload.metrics[metric].better {
        Better::Higher => figures.max_by(f64::total_cmp),
        Better::Lower => figures.min_by(f64::total_cmp),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contest::{Contestant, Metric, Variant, Workload};

    static WORKLOAD: Workload = Workload {
        name: "work",
        about: "about",
        variants: &[Variant {
            name: "100 B",
            size: 100,
            goals: &[
                Goal {
                    of: "tidelog",
                    metric: "rate",
                    against: Against::Contestant("peer"),
                    bound: Bound::AtLeast(4.0),
                },
                Goal { of: "tidelog", metric: "time", against: Against::BestPeer, bound: Bound::AtMost(1.0) },
            ],
        }],
        metrics: &[
            Metric { name: "rate", better: Better::Higher },
            Metric { name: "time", better: Better::Lower },
        ],
        contestants: &[
            Contestant::subject("tidelog", |_| Ok(vec![])),
            Contestant::peer("peer", |_| Ok(vec![])),
            Contestant::absent("other", "cannot"),
            Contestant::floor("floor", |_| Ok(vec![])),
        ],
    };

    fn table(figures: [Option<[f64; 2]>; 4]) -> Table {
        let rows = WORKLOAD.contestants.iter().zip(figures).map(|(contestant, figures)| Row {
            contestant,
            failures: figures.is_none().then(|| "cannot".to_owned()).into_iter().collect(),
            samples: figures.iter().map(|figures| figures.to_vec()).collect(),
        });
        Table { workload: &WORKLOAD, variant: &WORKLOAD.variants[0], rows: rows.collect() }
    }

    #[test]
    fn ratios_are_of_the_subject_and_goals_are_judged() {
        let table = table([Some([8e6, 30.0]), Some([2e6, 20.0]), None, Some([1.6e7, 10.0])]);
        let text = text(&table);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[1].contains("tidelog/this"), "{text}");
        assert!(lines[3].contains("2,000,000        4.00x"), "{text}");
        assert!(lines[4].ends_with("-  cannot"), "{text}");
        assert!(lines[5].contains("floor") && lines[5].contains("0.50x"), "{text}");
        assert_eq!(lines[6], "  goal: tidelog at least 4.00 x rate of peer: 4.000, reached");
        assert_eq!(lines[7], "  goal: tidelog at most 1.00 x time of the best peer: 1.500, MISSED");
    }

    #[test]
    fn without_the_subject_ratios_are_of_the_floor_and_no_goal_is_judged() {
        let text = text(&table([None, Some([2e6, 20.0]), None, Some([1.6e7, 10.0])]));
        assert!(text.contains("this/floor") && text.contains("0.12x") && !text.contains("goal"), "{text}");
    }

    #[test]
    fn figures_are_grouped_by_thousands() {
        assert_eq!(number(1_234_567.4), "1,234,567");
        assert_eq!(number(999.6), "1,000");
        assert_eq!(number(12.345), "12.35");
        assert_eq!(number(0.0), "0.00");
    }
}
