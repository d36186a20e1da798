-- Appends a message or a notice to a room's log, or finds the entry that was posted under the same key. After log.lua.
--
-- KEYS  before outbox.lua's, the last one has when the author said something last, if the room is in slow mode
-- ARGV  14 how long the author then waits after that, ms; else absent or ''
--       15 '1' when the room must have something kept in it, or an owner; else absent

if ARGV[15] == '1' and rules == '' and not last and not amended then
  return {'', NEW}
end

local body = ARGV[4]
if target ~= '' then -- a reply gets its quote
  local t = tools()
  local place, element = t.find(log, target)
  if not element then
    return {'', NOT_FOUND}
  end
  local before, quoted = t.parts(element)
  if quoted.kind ~= 'message' then
    return {'', NOT_FOUND}
  elseif quoted.deleted then
    return {'', DELETED}
  end
  local own = cjson.decode(body)
  own.replyTo = {id = target, from = quoted.from, excerpt = t.excerpt(quoted.text or '')}
  body = cjson.encode(own)
  if not quoted.quoted then -- so that amend.lua looks for quotes where there are any
    quoted.quoted = true
    call('LSET', log, place, before .. ' ' .. cjson.encode(quoted))
  end
end

local slow = ARGV[14]
local slow_key = KEYS[hooked == '' and #KEYS or #KEYS - 3]
if slow and slow ~= '' and not call('SET', slow_key, at, 'NX', 'PX', slow) then
  -- It may be kept for as long as another slow mode had it wait.
  local wait = (tonumber(call('GET', slow_key)) or 0) + tonumber(slow) - tonumber(at)
  if wait > 0 then
    return {string.format('%.0f', wait), SLOW}
  end
  call('SET', slow_key, at, 'PX', slow)
end

local element = head .. body

call('RPUSH', log, element)
call('LTRIM', log, '-' .. ARGV[5], '-1')
call('PEXPIRE', log, ARGV[7])
if amended then
  -- Amendments of what is no longer kept go with it.
  local number_of = tools().number_of
  local oldest = number_of(call('LINDEX', log, 0))
  local first = call('LINDEX', amendments, 0)
  while first and number_of(first) < oldest do
    call('LPOP', amendments)
    first = call('LINDEX', amendments, 0)
  end
  call('PEXPIRE', amendments, ARGV[7])
end
if key then -- it remembers what it was used for, not what was said
  call('SET', key, id .. ' ' .. at .. ' ' .. ARGV[10], 'PX', ARGV[8])
end
call(ARGV[1], ARGV[2], 'A' .. element)
if tell then
  tell(string.sub(hooked, 1, 1), id, element)
  return {element, APPENDED, told and 1 or 0}
end
return {element, APPENDED}
