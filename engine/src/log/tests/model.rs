//! A log is a list, whatever happens to it.

use proptest::prelude::*;

use super::*;

/// What may happen to a log.
#[derive(Clone, Debug)]
enum Step {
    /// A batch of so many records of so many bytes.
    Append(usize, usize),
    Roll,
    Reopen,
    /// The process dies, the disk lives.
    Crash,
    DeleteTo(usize),
    Retain,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (1..5_usize, 0..300_usize).prop_map(|(count, size)| Step::Append(count, size)),
        1 => Just(Step::Roll),
        1 => Just(Step::Reopen),
        1 => Just(Step::Crash),
        1 => (0..100_usize).prop_map(Step::DeleteTo),
        1 => Just(Step::Retain),
    ]
}

/// The records of a log, without a log.
#[derive(Default)]
struct Model {
    values: Vec<String>,
    start: usize,
}

fn apply(rig: Rig, model: &mut Model, step: &Step) -> Rig {
    let mut rig = rig;
    match step {
        Step::Append(count, size) => {
            let values: Vec<String> =
                (0..*count).map(|at| format!("{}{}", model.values.len() + at, "x".repeat(*size))).collect();
            rig.append(batch(&values.iter().map(String::as_str).collect::<Vec<_>>(), 0));
            model.values.extend(values);
        }
        Step::Roll => rig.roll(),
        Step::Reopen => {
            let (disk, from) = rig.close();
            let (reopened, report) = Rig::recover(&disk, model_config(), from);
            assert_eq!(report.segments_read, 0);
            rig = reopened;
        }
        Step::Crash => {
            let durable = rig.log.durable();
            let log_start = rig.log.view().log_start();
            let disk = Arc::clone(&rig.disk);
            drop(rig);
            let from = OpenFrom { log_start, durable, ..OpenFrom::default() };
            rig = Rig::recover(&disk, model_config(), from).0;
        }
        Step::DeleteTo(percent) => {
            model.start = model.start.max(model.values.len() * percent / 100);
            rig.log.delete_records(Offset(i64::try_from(model.start).unwrap())).unwrap();
        }
        Step::Retain => {
            rig.log.apply_retention(NOW).unwrap();
        }
    }
    rig
}

fn model_config() -> LogConfig {
    LogConfig { segment_bytes: 2000, index_interval_bytes: 200, ..LogConfig::default() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_log_reads_as_a_list_whatever_happens_to_it(steps in prop::collection::vec(step(), 1..60)) {
        let mut rig = Rig::create(model_config());
        let mut model = Model::default();
        for step in &steps {
            rig = apply(rig, &mut model, step);
            prop_assert_eq!(rig.log.end().0, i64::try_from(model.values.len()).unwrap());
        }
        prop_assert_eq!(rig.values(), &model.values[model.start..]);
        let view = rig.log.view();
        for from in model.start..model.values.len() {
            let offset = Offset(i64::try_from(from).unwrap());
            let read = view.read(offset, 1, Offset(i64::MAX)).unwrap();
            prop_assert_eq!(&values_in(&read, offset)[0], &model.values[from]);
        }
    }
}
