//! The table of bounds as a picture.

use plotters::prelude::*;

use super::ScaleRow;

const SIZE: (u32, u32) = (760, 420);

/// A line for each end: bounds from left to right, executions of the whole
/// bound upwards, a decade a step. A hollow point is a lower bound.
///
/// # Errors
///
/// If there is nothing to draw, or the drawing fails.
pub fn svg(rows: &[ScaleRow]) -> Result<String, String> {
    let mut bounds: Vec<&str> = rows.iter().map(|row| row.bound.as_str()).collect();
    bounds.dedup();
    let most = rows
        .iter()
        .map(ScaleRow::total_executions)
        .fold(0.0, f64::max);
    if most < 1.0 {
        return Err("there is nothing to draw".to_owned());
    }
    let mut text = String::new();
    draw(&mut text, rows, &bounds, most).map_err(|error| error.to_string())?;
    Ok(text)
}

fn draw(
    text: &mut String,
    rows: &[ScaleRow],
    bounds: &[&str],
    most: f64,
) -> Result<(), Box<dyn std::error::Error>> {
    let root = SVGBackend::with_string(text, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let last = bounds.len() as f64 - 0.5;
    let mut chart = ChartBuilder::on(&root)
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(64)
        .build_cartesian_2d(-0.5..last, (1.0..most * 10.0).log_scale())?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_labels(bounds.len())
        .x_label_formatter(&|x| {
            let at = x.round();
            let on_it = (x - at).abs() < 0.01 && at >= 0.0;
            let name = if on_it { bounds.get(at as usize) } else { None };
            name.map_or_else(String::new, ToString::to_string)
        })
        .y_label_formatter(&|y| format!("1e{:.0}", y.log10()))
        .x_desc("threads x operations")
        .y_desc("executions of all programs")
        .draw()?;
    for (ends, colour) in [("dropped", RED), ("left", BLUE)] {
        let of_ends: Vec<(f64, &ScaleRow)> = rows
            .iter()
            .filter(|row| row.ends == ends)
            .filter_map(|row| {
                let at = bounds.iter().position(|bound| *bound == row.bound)?;
                Some((at as f64, row))
            })
            .collect();
        if of_ends.is_empty() {
            continue;
        }
        chart
            .draw_series(of_ends.iter().map(|(at, row)| {
                let style = if row.sign() == ">" {
                    colour.stroke_width(2)
                } else {
                    colour.filled()
                };
                Circle::new((*at, row.total_executions()), 5, style)
            }))?
            .label(format!("handles {ends}"))
            .legend(move |(x, y)| Circle::new((x + 8, y), 5, colour.filled()));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .border_style(BLACK.mix(0.3))
        .draw()?;
    root.present()?;
    drop(chart);
    Ok(())
}
