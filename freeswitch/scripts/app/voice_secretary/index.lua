-- The secretary's dialplan application: `lua app/voice_secretary/index.lua`, or `lua app.lua voice_secretary` in FusionPBX.

local scripts = debug.getinfo(1, "S").source:match("^@(.*)/app/voice_secretary/[^/]*$")
if not scripts then
  scripts = freeswitch.getGlobalVariable("script_dir")
end
package.path = scripts .. "/?.lua;" .. package.path

local call = require "app.voice_secretary.resources.call"

-- FusionPBX's app.lua has its own words in argv; the watcher starts this file by its path.
if argv and argv[1] == "rescue" then
  call.rescue_on(session, freeswitch, scripts)
else
  call.run_on(session, freeswitch, scripts)
end
