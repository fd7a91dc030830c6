#!/usr/bin/python3
"""A hospital information system's side of the contract, in Python: what a HIS vendor writes.

It knows nothing of Tongjian but proto/. It asks for earlier results, records the doctor's decision, writes an order, pulls
or watches results and acknowledges them, at its clinic's gateway or at the hub. Prints JSON.

  deploy/his/generate_stubs.sh /tmp/stubs
  deploy/his/his_client.py --stubs /tmp/stubs --address 127.0.0.1:50051 --ca ca.pem --cert his.pem --key his.key \
      order --facility fac-a --item dx-chest --patient 1001 --name 张三 --sex male --birth-date 1980-01-01
"""

import argparse
import json
import sys
import uuid

ACKNOWLEDGEMENTS = {"delivered": "ACKNOWLEDGEMENT_DELIVERED", "viewed": "ACKNOWLEDGEMENT_VIEWED"}


def load_stubs(folder):
    """Imports the generated modules into this module's globals."""
    sys.path.insert(0, folder)
    import grpc
    from google.protobuf import json_format
    from tongjian.common.v1 import error_pb2, types_pb2
    from tongjian.exchange.v1 import recognition_pb2, recognition_pb2_grpc, result_pb2, result_pb2_grpc
    from tongjian.orders.v1 import order_pb2, order_service_pb2, order_service_pb2_grpc
    globals().update(locals())


def connect(arguments):
    def read(path):
        with open(path, "rb") as file:
            return file.read()

    credentials = grpc.ssl_channel_credentials(
        read(arguments.ca), private_key=read(arguments.key), certificate_chain=read(arguments.cert))
    options = []
    if arguments.server_name:
        options.append(("grpc.ssl_target_name_override", arguments.server_name))
    return grpc.secure_channel(arguments.address, credentials, options)


def show(message):
    print(json_format.MessageToJson(message, preserving_proto_field_name=True, ensure_ascii=False, indent=1))


def request_id(arguments):
    return arguments.request_id or str(uuid.uuid4())


def patient(arguments):
    words = types_pb2.PatientRef(
        facility_id=arguments.facility,
        facility_patient_id=arguments.patient,
        name=arguments.name,
        sex=types_pb2.Sex.Value("SEX_" + arguments.sex.upper()) if arguments.sex else 0,
        birth_date=arguments.birth_date,
    )
    if arguments.resident_id:
        words.identifiers.add(type=types_pb2.IDENTIFIER_TYPE_RESIDENT_ID, value=arguments.resident_id)
    return words


def recognize(channel, arguments):
    stub = recognition_pb2_grpc.RecognitionServiceStub(channel)
    show(stub.CheckRecognition(recognition_pb2.CheckRecognitionRequest(
        request_id=request_id(arguments),
        facility_id=arguments.facility,
        patient=patient(arguments),
        items=[recognition_pb2.ProposedItem(item_id=item) for item in arguments.item],
        moment=recognition_pb2.PROMPT_MOMENT_ORDERING,
        encounter=arguments.encounter,
        doctor=types_pb2.PractitionerRef(name=arguments.doctor, facility_id=arguments.facility),
    ), timeout=arguments.timeout))


def decide(channel, arguments):
    stub = recognition_pb2_grpc.RecognitionServiceStub(channel)
    show(stub.RecordDecision(recognition_pb2.RecordDecisionRequest(
        request_id=request_id(arguments),
        decision=recognition_pb2.Decision(
            prompt_id=arguments.prompt,
            kind=recognition_pb2.DecisionKind.Value("DECISION_KIND_" + arguments.kind.upper()),
            facility_id=arguments.facility,
            result_id=arguments.result,
            doctor=types_pb2.PractitionerRef(name=arguments.doctor, facility_id=arguments.facility),
            reason_code=arguments.reason_code,
            reason_text=arguments.reason_text,
            patient_told=True,
        ),
    ), timeout=arguments.timeout))


def order(channel, arguments):
    stub = order_service_pb2_grpc.OrderServiceStub(channel)
    show(stub.CreateOrder(order_service_pb2.CreateOrderRequest(
        request_id=request_id(arguments),
        order=order_pb2.Order(
            origin=order_pb2.ORDER_ORIGIN_HIS,
            ordering_facility_id=arguments.facility,
            patient=patient(arguments),
            requester=types_pb2.PractitionerRef(name=arguments.doctor, facility_id=arguments.facility),
            encounter=arguments.encounter,
            priority=types_pb2.Priority.Value("PRIORITY_" + arguments.priority.upper()),
            patient_class=types_pb2.PATIENT_CLASS_OUTPATIENT,
            discipline=types_pb2.DISCIPLINE_IMAGING,
            items=[order_pb2.OrderItem(id=str(number), item_id=item)
                   for number, item in enumerate(arguments.item, 1)],
            clinical_information=arguments.question,
            placer_order_number=arguments.placer_number,
            recognition=order_pb2.RecognitionBasis(
                verdict=arguments.verdict, decision_id=arguments.decision_id, reason_code=arguments.reason_code),
        ),
    ), timeout=arguments.timeout))


def get_order(channel, arguments):
    stub = order_service_pb2_grpc.OrderServiceStub(channel)
    show(stub.GetOrder(order_service_pb2.GetOrderRequest(
        id=arguments.id, accession_number=arguments.accession), timeout=arguments.timeout))


def cancel(channel, arguments):
    stub = order_service_pb2_grpc.OrderServiceStub(channel)
    show(stub.CancelOrder(order_service_pb2.CancelOrderRequest(
        request_id=request_id(arguments), id=arguments.id, reason=arguments.reason), timeout=arguments.timeout))


def pull(channel, arguments):
    """Pulls until `--until-state` shows for `--accession` (or once, without them); prints the last page."""
    stub = result_pb2_grpc.ResultServiceStub(channel)
    cursor = arguments.cursor
    while True:
        call = result_pb2.PullEventsRequest(cursor=cursor, page_size=50)
        call.wait.FromSeconds(arguments.wait)
        page = stub.PullEvents(call, timeout=arguments.wait + arguments.timeout)
        cursor = page.next_cursor
        wanted = [event for event in page.events
                  if (not arguments.accession or event.result.accession_number == arguments.accession)
                  and (not arguments.until_state
                       or event.result.state == result_pb2.ResultState.Value(
                           "RESULT_STATE_" + arguments.until_state.upper()))]
        if wanted or not arguments.until_state:
            show(page if not arguments.until_state else wanted[-1])
            return


def watch(channel, arguments):
    stub = result_pb2_grpc.ResultServiceStub(channel)
    stream = stub.WatchResults(result_pb2.WatchResultsRequest(cursor=arguments.cursor), timeout=arguments.timeout)
    for number, event in enumerate(stream, 1):
        show(event)
        if number == arguments.count:
            stream.cancel()
            return


def acknowledge(channel, arguments):
    stub = result_pb2_grpc.ResultServiceStub(channel)
    show(stub.AcknowledgeResult(result_pb2.AcknowledgeResultRequest(
        request_id=request_id(arguments),
        id=arguments.result,
        number=arguments.number,
        acknowledgement=result_pb2.Acknowledgement.Value(ACKNOWLEDGEMENTS[arguments.kind]),
        viewed_by=arguments.doctor if arguments.kind == "viewed" else "",
    ), timeout=arguments.timeout))


def explain(error):
    """The error as a program acts on it: code, message, and the detail with reason, field and retryable."""
    answer = {"code": error.code().name, "message": error.details()}
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            for packed in error_pb2.Status.FromString(value).details:
                detail = error_pb2.ErrorDetail()
                if packed.Unpack(detail):
                    answer["detail"] = json_format.MessageToDict(detail, preserving_proto_field_name=True)
    return answer


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stubs", required=True, help="folder made by generate_stubs.sh")
    parser.add_argument("--address", required=True)
    parser.add_argument("--ca", required=True)
    parser.add_argument("--cert", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--server-name", default="", help="name in the server's certificate, where it is not the address")
    parser.add_argument("--timeout", type=float, default=10)
    parser.add_argument("--request-id", default="", help="give the same again to repeat a call safely")
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name, function):
        sub = commands.add_parser(name)
        sub.set_defaults(function=function)
        return sub

    def add_patient(sub):
        sub.add_argument("--facility", required=True)
        sub.add_argument("--patient", required=True, help="the facility's own patient number")
        sub.add_argument("--name", required=True)
        sub.add_argument("--sex", default="", choices=["", "male", "female", "unknown"])
        sub.add_argument("--birth-date", default="")
        sub.add_argument("--resident-id", default="")
        sub.add_argument("--item", action="append", required=True)
        sub.add_argument("--encounter", default="")
        sub.add_argument("--doctor", default="")

    add_patient(command("recognize", recognize))

    sub = command("decide", decide)
    sub.add_argument("--facility", required=True)
    sub.add_argument("--prompt", required=True)
    sub.add_argument("--result", default="")
    sub.add_argument("--kind", required=True, choices=["accepted", "accepted_override", "declined", "not_counted"])
    sub.add_argument("--reason-code", default="")
    sub.add_argument("--reason-text", default="")
    sub.add_argument("--doctor", default="")

    sub = command("order", order)
    add_patient(sub)
    sub.add_argument("--priority", default="routine", choices=["routine", "urgent", "stat", "green_channel"])
    sub.add_argument("--question", default="")
    sub.add_argument("--placer-number", default="")
    sub.add_argument("--verdict", default="NO_PRIOR", help="what recognize answered")
    sub.add_argument("--decision-id", default="", help="the decision that decide recorded")
    sub.add_argument("--reason-code", default="", help="the decision's code, for a decline")

    sub = command("get-order", get_order)
    sub.add_argument("--id", default="")
    sub.add_argument("--accession", default="")

    sub = command("cancel", cancel)
    sub.add_argument("--id", required=True)
    sub.add_argument("--reason", default="")

    sub = command("pull", pull)
    sub.add_argument("--cursor", default="")
    sub.add_argument("--wait", type=int, default=0)
    sub.add_argument("--accession", default="")
    sub.add_argument("--until-state", default="", choices=["", "preliminary", "final", "amended", "retracted"])

    sub = command("watch", watch)
    sub.add_argument("--cursor", default="")
    sub.add_argument("--count", type=int, default=1)

    sub = command("acknowledge", acknowledge)
    sub.add_argument("--result", required=True)
    sub.add_argument("--number", type=int, required=True)
    sub.add_argument("--kind", required=True, choices=sorted(ACKNOWLEDGEMENTS))
    sub.add_argument("--doctor", default="")
    return parser.parse_args()


def main():
    arguments = parse()
    load_stubs(arguments.stubs)
    try:
        arguments.function(connect(arguments), arguments)
    except grpc.RpcError as error:
        print(json.dumps(explain(error), ensure_ascii=False), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
