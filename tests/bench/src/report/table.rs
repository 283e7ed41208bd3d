//! Tables for people.

use comfy_table::{CellAlignment, Table};

use super::{Aim, Measured};

/// Both tables.
pub(super) fn text(measured: &[Measured], aims: &[Aim]) -> String {
    let legend = "CPU: µs of processor time for a request. others: what other processes took of the processors.";
    format!("\n{}\n\n{}\n\n{legend}", contenders(measured), aimed(aims))
}

/// One contender, in a line.
pub(super) fn line(measured: &Measured) -> String {
    let Measured { workload, database, contender, clients, sample } = measured;
    let cpu = sample.cpu_us;
    format!(
        "{workload}, {database}, {contender}, {clients} clients: {:.0}/s, p50 {:.0} µs, p99 {:.0} µs, CPU {:.1} + {:.1} + {:.1} µs, others {:.0} %",
        sample.throughput, sample.p50_us, sample.p99_us, cpu.server, cpu.database, cpu.driver, sample.others_percent
    )
}

fn contenders(measured: &[Measured]) -> Table {
    let mut table = table(
        &[
            "workload",
            "database",
            "contender",
            "clients",
            "per second",
            "p50 µs",
            "p99 µs",
            "CPU server",
            "CPU database",
            "CPU driver",
            "others %",
        ],
        3,
    );
    for row in measured {
        let cpu = row.sample.cpu_us;
        table.add_row([
            row.workload.clone(),
            row.database.clone(),
            row.contender.clone(),
            row.clients.to_string(),
            format!("{:.0}", row.sample.throughput),
            format!("{:.0}", row.sample.p50_us),
            format!("{:.0}", row.sample.p99_us),
            format!("{:.1}", cpu.server),
            format!("{:.1}", cpu.database),
            format!("{:.1}", cpu.driver),
            format!("{:.0}", row.sample.others_percent),
        ]);
    }
    table
}

fn aimed(aims: &[Aim]) -> Table {
    let mut table = table(&["what", "database", "value", "unit", "aim", ""], 2);
    for aim in aims {
        let value = format!("{:.2}", aim.value);
        table.add_row([&aim.what, &aim.database, &value, aim.unit, &aim.wanted(), aim.verdict()]);
    }
    table
}

/// A table whose columns hold numbers from this one on.
fn table(header: &[&str], numbers: usize) -> Table {
    let mut table = Table::new();
    table.load_preset(comfy_table::presets::ASCII_MARKDOWN).set_header(header);
    for column in table.column_iter_mut().skip(numbers) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
