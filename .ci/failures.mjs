// failures.mjs NAME REPORT: what failed in a report of Vitest, a test a line with the beginning of its message.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

const [name, path] = process.argv.slice(2);

function readReport() {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

const shorten = (message) => (message ?? '').split('\n').slice(0, 6).join('\n    ').slice(0, 1000);

const report = readReport();
if (!report) console.log(`${name}: wrote no report`);
else if (!report.testResults) console.log(`${name}: ${report.numFailedTests} of ${report.numTotalTests}`);
else
  for (const { name: file, message, assertionResults } of report.testResults) {
    const failed = assertionResults.filter(({ status }) => status !== 'passed');
    for (const test of failed)
      console.log(`${name}: ${relative('.', file)} > ${test.fullName} (${test.status})\n    ${shorten(test.failureMessages?.[0])}`);
    if (failed.length === 0 && message) console.log(`${name}: ${relative('.', file)}\n    ${shorten(message)}`);
  }
