// report.js - the rows that were measured: a table, or one JSON object a line.
'use strict';

// Three decimals, or four digits of what is small: more would be noise.
function rounded(value) {
  return Math.abs(value) < 1 ? Number(value.toPrecision(4)) : Number(value.toFixed(3));
}

function json(row) {
  const entries = Object.entries(row).map(([key, value]) => [key, typeof value === 'number' ? rounded(value) : value]);
  return `${JSON.stringify(Object.fromEntries(entries))}\n`;
}

const number = (value) => value.toFixed(1).padStart(12);

function heading(row) {
  const titles = [row.unit, 'min', 'max'].map((title) => title.padStart(12)).join('');
  return `\n${row.bench}: ${row.case}\n  ${'subject'.padEnd(28)}${titles}   ratio (quartiles)\n`;
}

function line(row) {
  const decimals = row.ratio < 0.1 ? 4 : 2;
  const [ratio, q1, q3] = [row.ratio, row.ratio_q1, row.ratio_q3].map((value) => value.toFixed(decimals));
  const values = [row.value, row.min, row.max].map(number).join('');
  return `  ${row.subject.padEnd(28)}${values}   ${ratio} (${q1} - ${q3}) of ${row.to}\n`;
}

// The rows of one case, which may stand for several tables.
function format(rows, asJson) {
  if (asJson) return rows.map(json).join('');
  return rows.map((row, i) => (row.case === rows[i - 1]?.case ? line(row) : heading(row) + line(row))).join('');
}

module.exports = { format };
