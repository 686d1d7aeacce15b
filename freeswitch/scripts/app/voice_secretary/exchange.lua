-- The thread of one exchange with the service: luarun exchange.lua <job file>.

local scripts = debug.getinfo(1, "S").source:match("^@(.*)/app/voice_secretary/[^/]*$")
if scripts then package.path = scripts .. "/?.lua;" .. package.path end

local json = require "app.voice_secretary.resources.json"
local log = require "app.voice_secretary.resources.log"
local recording = require "app.voice_secretary.resources.recording"
local service = require "app.voice_secretary.resources.service"

local function read_job(path)
  local file = assert(io.open(path, "rb"))
  local job = json.decode(file:read("*a"))
  file:close()
  os.remove(path)
  return assert(job, "the job file is not JSON")
end

local job = read_job(argv[1])
local io_ = {
  api = freeswitch.API(), token = freeswitch.getGlobalVariable("voice_ai_token"), time = os.time,
  sleep_ms = function(ms) freeswitch.msleep(ms) end,
}

-- The border of this thread: a fault in it becomes an outcome, or the call would wait for its whole time-out.
local ok, answer, problem, status, details = pcall(service.exchange, io_, job)
if not ok then answer, problem, status = nil, tostring(answer), 400 end
if not answer then log.warning(job.kind .. " failed for call " .. job.call_uuid .. ": " .. tostring(problem)) end
local outcome = answer and { answer = answer } or { problem = problem, status = status, details = details }

if job.remove_files then
  for _, path in ipairs(job.remove_files) do os.remove(path) end
elseif job.outcome_file then
  assert(recording.write_whole(job.outcome_file, json.encode(outcome)))
end
