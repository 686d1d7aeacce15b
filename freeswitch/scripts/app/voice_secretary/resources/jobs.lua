-- Exchanges with the service as the call's thread sees them: handed to a thread of mod_lua and asked after now and
-- then. Synchronous mod_curl would stop the reading of audio, keys and hang-up for as long as the service thinks.
--
-- A job travels as a JSON file beside the call's other files, its outcome comes back the same way.

local json = require "app.voice_secretary.resources.json"
local recording = require "app.voice_secretary.resources.recording"

local jobs = {}
jobs.__index = jobs

-- prefix: how the names of all files of this call begin. scripts: FreeSWITCH's scripts folder.
function jobs.new(api, prefix, scripts)
  return setmetatable({ api = api, prefix = prefix, scripts = scripts, count = 0, files = {} }, jobs)
end

-- A name for a file of this call, removed when the call is over.
function jobs:file(name)
  local path = self.prefix .. name
  self.files[#self.files + 1] = path
  return path
end

-- Starts an exchange; a handle to poll, or nil and why.
function jobs:start(job)
  job.outcome_file = self:file(string.format("outcome-%d.json", self.count + 1))
  return self:start_unheard(job)
end

-- Starts an exchange whose outcome nobody waits for.
function jobs:start_unheard(job)
  self.count = self.count + 1
  local path = self:file(string.format("job-%d.json", self.count))
  local written, problem = recording.write_whole(path, json.encode(job))
  if not written then return nil, problem end
  local said = self.api:execute("luarun", self.scripts .. "/app/voice_secretary/exchange.lua " .. path)
  if not said:find("^%+OK") then return nil, "luarun: " .. said end
  return { outcome_file = job.outcome_file }
end

-- nil while it runs; then {answer} or {problem, status, details}.
function jobs.poll(handle)
  local file = io.open(handle.outcome_file, "rb")
  if not file then return nil end
  local outcome, problem = json.decode(file:read("*a"))
  file:close()
  return outcome or { problem = problem, status = 400 }
end

return jobs
