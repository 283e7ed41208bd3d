// Parses the AsyncAPI document of the events with the parser of the AsyncAPI project.
//
// Usage: node check.js DOCUMENT; everything that is wrong is printed. The exit code is 0 if nothing is.

import { Parser, fromFile } from "@asyncapi/parser";

/** That there is a newer version of AsyncAPI is no fault of a document. */
const PASSED_OVER = new Set(["asyncapi-latest-version"]);

const { document, diagnostics } = await fromFile(new Parser(), process.argv[2]).parse();
const faults = diagnostics.filter((fault) => !PASSED_OVER.has(fault.code));
for (const { code, path, message } of faults) {
  console.log(`${path.join("/")}: ${message} (${code})`);
}
const messages = document?.allMessages().length ?? 0;
console.log(`@asyncapi/parser: ${messages} messages, AsyncAPI ${document?.version()}; ${faults.length} faults`);
process.exitCode = messages > 0 && faults.length === 0 ? 0 : 1;
