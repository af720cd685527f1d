-- wrk sends the requests of a file, which each end with the byte 30, round and round; each thread begins elsewhere.
local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

function init(args)
  local file = assert(io.open(args[1], "rb"))
  requests = {}
  for one in file:read("*a"):gmatch("([^\30]+)\30") do
    requests[#requests + 1] = one
  end
  file:close()
  position = math.floor(#requests / 2) * number
end

function request()
  position = position % #requests + 1
  return requests[position]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"answers": %d, "seconds": %.6f, "bad": %d, "broken": %d, "p50": %.3f, "p99": %.3f}\n',
    summary.requests, summary.duration / 1e6, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
