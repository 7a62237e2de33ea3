// cases.js - all cases, in the order of the report.
//
// A case: `name`; `rows`, what becomes of the metrics that `run(implementation, budget in ms)` resolves with; `gib`, the
// sizes of the parent that it is measured with, where 0 is not the only one; `native`, whether Bun's own functions take part.
'use strict';
const { messageCases } = require('./message_cases.js');
const { startCases } = require('./start_cases.js');

module.exports = { cases: [...startCases, ...messageCases] };
