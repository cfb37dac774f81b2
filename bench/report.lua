-- What wrk sends, and what it says at the end: one line of JSON, errors included.
-- Arguments: method, bearer token, body (empty: none).

function init(arguments)
  wrk.method = arguments[1]
  wrk.headers["Authorization"] = "Bearer " .. arguments[2]
  if arguments[3] ~= nil and arguments[3] ~= "" then
    wrk.body = arguments[3]
    wrk.headers["Content-Type"] = "application/json"
  end
end

-- wrk counts 400 and above as errors of status; these calls answer 200 or are wrong.
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "seconds": %.6f, "errors": %d, "p50_ms": %.3f, "p99_ms": %.3f}\n',
    summary.requests, summary.duration / 1e6,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
