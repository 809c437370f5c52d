-- SPDX-License-Identifier: Apache-2.0
-- wrk: distinct attendance POSTs. KITH_TOKEN; KITH_STUDENTS: lines of studentUniqueId schoolId schoolYear sessionName; KITH_DAY: yyyy-mm of a month
-- whose days are used. Counts answers by status and prints them at the end.
local students = {}
for line in io.lines(os.getenv("KITH_STUDENTS")) do
   local id, school, year, session = line:match("^(%S+) (%S+) (%S+) (.+)$")
   students[#students + 1] = {id, school, year, session}
end
local headers = {["Authorization"] = "Bearer " .. os.getenv("KITH_TOKEN"), ["Content-Type"] = "application/json"}
local body = '{"eventDate":"%s-%02d","attendanceEventCategoryDescriptor":"uri://ed-fi.org/AttendanceEventCategoryDescriptor#%s","studentReference":{"studentUniqueId":"%s"},' ..
   '"schoolReference":{"schoolId":%s},"sessionReference":{"schoolId":%s,"schoolYear":%s,"sessionName":"%s"}}'
local codes = {"Tardy", "Excused Absence", "Unexcused Absence", "Early departure", "Partial", "Present", "In Attendance"}
local month, n = os.getenv("KITH_DAY"), 0
function request()
   local s = students[n % #students + 1]
   local k = math.floor(n / #students)
   local text = body:format(month, k % 28 + 1, codes[math.floor(k / 28) % #codes + 1], s[1], s[2], s[2], s[3], s[4])
   n = n + 1
   return wrk.format("POST", "/data/v3/ed-fi/studentSchoolAttendanceEvents", headers, text)
end
local threads = {}
function setup(thread) threads[#threads + 1] = thread end
function init() created, other = 0, 0 end
function response(status)
   if status == 201 or status == 200 then created = created + 1 else other = other + 1 end
end
function done(summary, latency)
   local good, bad = 0, 0
   for _, t in ipairs(threads) do good = good + t:get("created"); bad = bad + t:get("other") end
   io.write(string.format('{"good":%d,"bad":%d,"errors":%d,"seconds":%.3f,"per_second":%.0f,"p50_ms":%.2f,"p99_ms":%.2f}\n', good, bad,
      summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout, summary.duration / 1e6,
      good / (summary.duration / 1e6), latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
