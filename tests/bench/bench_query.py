"""Queries of a county's archive: C-FIND by each of the usual keys at 1,000,000 studies, by one client that goes on running."""

import datetime
import random
import sqlite3
import statistics

from pydicom.uid import ImplicitVRLittleEndian

from association import Association
from bench_scale import again, send
from harness import Failed, bench, cpu_seconds, times
from peers import Hub

STATION = "ZX_WS1"
STUDY_ROOT = "1.2.840.10008.5.1.4.1.2.2.1"
SURNAMES = "王李张刘陈杨黄赵周吴徐孙马胡朱郭何罗高林郑梁谢唐许冯宋韩邓彭曹曾田萧潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰建国文红梅林海燕波辉健永春雪峰琴云飞龙"
MODALITIES = ["DX"] * 55 + ["US"] * 20 + ["CT"] * 18 + ["MR"] * 6 + ["MG"]
DAYS = 1500
ENOUGH = 100  # Answers, a page of a viewer's list.
PATIENT_ID, PATIENT_NAME, STUDY_DATE, ACCESSION = 0x00100020, 0x00100010, 0x00080020, 0x00080050
MODALITIES_IN_STUDY, LEVEL, STUDY_UID, CHARSET = 0x00080061, 0x00080052, 0x0020000D, 0x00080005


def facts(count):
    """What differs between the studies: half of the patients have two."""
    chance = random.Random(5)
    first = datetime.date(2022, 1, 1)
    for number in range(count):
        name = chance.choice(SURNAMES) + chance.choice(GIVEN) + chance.choice(GIVEN)
        day = (first + datetime.timedelta(days=number * DAYS // count)).strftime("%Y%m%d")
        yield number, f"P{number * 3 // 4:08d}", name, f"A{number:09d}", day, chance.choice(MODALITIES)


def fill(path, count):
    """Adds studies of one series and one instance each, like the one that is there, to the database of a stopped hub."""
    database = sqlite3.connect(path)
    database.execute("pragma synchronous = off")
    database.execute("pragma cache_size = -400000")
    indexes = database.execute("select name, sql from sqlite_master where type = 'index' and sql is not null and tbl_name in "
                               "('study', 'study_audience', 'study_search', 'study_search_modality', 'series', 'instance')").fetchall()
    for name, _ in indexes:
        database.execute(f"drop index {name}")
    database.execute("create temporary table fact (number integer primary key, id text, uid text, patient text, name text, key text, "
                     "accession text, day text, modality text)")
    database.executemany("insert into fact values (?, ?, ?, ?, ?, ?, ?, ?, ?)", (
        (number, f"bench-{number:08d}", f"1.2.826.0.1.3680043.10.9999.7.{number}", patient, name, name.encode().hex(), accession, day, kind)
        for number, patient, name, accession, day, kind in facts(count)))
    changed = {
        "study": {"id": "f.id", "study_instance_uid": "f.uid", "facility_patient_id": "f.patient", "patient_name": "f.name",
                  "person_name": "f.name", "name_key": "f.key", "latin_key": "''", "patient_name_latin": "''",
                  "accession_number": "f.accession", "study_date": "f.day", "modalities": "f.modality",
                  "created": "t.created + 1 + f.number", "quiet_at": "0", "dirty": "0", "state": "2"},
        "study_audience": {"study_id": "f.id", "created": "t.created + 1 + f.number"},
        "study_search": {"study_id": "f.id", "created": "t.created + 1 + f.number", "facility_patient_id": "f.patient",
                         "accession_number": "f.accession", "name_key": "f.key", "latin_key": "''", "study_date": "f.day"},
        "study_search_modality": {"study_id": "f.id", "created": "t.created + 1 + f.number", "modality": "f.modality",
                                  "study_date": "f.day"},
        "series": {"study_id": "f.id", "series_instance_uid": "f.uid || '.1'", "modality": "f.modality"},
        "instance": {"study_id": "f.id", "series_instance_uid": "f.uid || '.1'", "sop_instance_uid": "f.uid || '.1.1'"},
        "header": {"study_id": "f.id", "series_instance_uid": "case t.series_instance_uid when '' then '' else f.uid || '.1' end"},
    }
    for table, values in changed.items():
        columns = [row[1] for row in database.execute(f"pragma table_info({table})")]
        database.execute(f"create temporary table template as select * from {table}")
        chosen = ", ".join(values.get(column, f"t.{column}") for column in columns)
        database.execute(f"insert into {table} ({', '.join(columns)}) select {chosen} from fact f cross join template t")
        database.execute("drop table template")
    for _, sql in indexes:
        database.execute(sql)
    database.commit()
    database.close()


def questions(fact):
    """By name: what to ask so that one study at least answers."""
    _, patient, name, accession, day, kind = fact
    month = day[:6]
    yield "patient", {PATIENT_ID: patient}
    yield "accession", {ACCESSION: accession}
    yield "name", {PATIENT_NAME: name[:2] + "*"}
    yield "date", {STUDY_DATE: f"{day}-{day}"}
    yield "month", {STUDY_DATE: f"{month}01-{month}31", PATIENT_NAME: name[0] + "*"}
    yield "modality", {STUDY_DATE: f"{day}-{day}", MODALITIES_IN_STUDY: kind}
    yield "rare", {STUDY_DATE: f"{day[:4]}0101-{day[:4]}1231", MODALITIES_IN_STUDY: "MG"}


@bench("query.find", "C-FIND by each usual key at 1,000,000 studies (100,000 with --quick)")
def find(stage):
    count, rounds = (100_000, 15) if stage.quick else (1_000_000, 60)
    hub = Hub(stage)
    send(stage, hub.port, hub.title, 1, 1)
    stage.wait_for("the instance", lambda: hub.stored() == 1)
    hub.stop()
    fill(stage.path("hub", "db", "imaging.db"), count)
    process, ports, started = again(stage, hub.process, "hub-again", [stage.tongjian, "serve", "--config", stage.path("hub.toml")])
    yield times("query.restart", "s", [started], ceiling=30, note=f"{count:,} studies")
    client = Association(ports["dicom"], hub.title, STATION, STUDY_ROOT, ImplicitVRLittleEndian)
    chosen = set(random.Random(7).sample(range(count), rounds))
    took, burnt, answered = {}, {}, {}
    for fact in [fact for fact in facts(count) if fact[0] in chosen]:
        for name, keys in questions(fact):
            asked = {CHARSET: "ISO_IR 192", LEVEL: "STUDY", STUDY_UID: "", PATIENT_NAME: "", PATIENT_ID: "", STUDY_DATE: "",
                     MODALITIES_IN_STUDY: "", **keys}
            before = cpu_seconds(process.pid)
            answers, seconds = client.find(asked, ENOUGH)
            if answers == 0:
                raise Failed(f"nothing found by {name}")
            took.setdefault(name, []).append(seconds * 1000)
            burnt.setdefault(name, []).append(cpu_seconds(process.pid) - before)
            answered.setdefault(name, []).append(answers)
    client.release()
    for name, values in took.items():
        late = sorted(values)[max(0, len(values) * 99 // 100 - 1)]
        result = times(f"query.{name}", "ms", values, ceiling=20,
                       note=f"99 of 100 within {late:.1f} ms, half within {statistics.median(values):.1f} ms, "
                            f"{statistics.mean(burnt[name]) * 1000:.1f} ms of the hub's processor; {statistics.mean(answered[name]):.0f} answers in the mean, timed up to the "
                            f"{ENOUGH}th; {count:,} studies")
        result.value = late
        yield result
    stage.stop(process)
