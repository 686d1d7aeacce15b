-- The secretary's dialplan application: `lua app/voice_secretary/index.lua`, or `lua app.lua voice_secretary` in FusionPBX.

local scripts = debug.getinfo(1, "S").source:match("^@(.*)/app/voice_secretary/[^/]*$")
if not scripts then
  scripts = freeswitch.getGlobalVariable("script_dir")
end
package.path = scripts .. "/?.lua;" .. package.path

local call = require "app.voice_secretary.resources.call"

call.run_on(session, freeswitch, scripts)
