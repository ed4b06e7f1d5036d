"""Walks the lab's EC2 with boto3 and holds every answer against botocore's model of the API.

Usage: boto3_tour.py ENDPOINT < JSON list of the actions served and their parameters. Prints "ok" or raises.
"""
import base64, json, sys
import xml.etree.ElementTree as ET

import boto3
from botocore.exceptions import ClientError

endpoint = sys.argv[1]
ec2 = boto3.client(
    "ec2", endpoint_url=endpoint, region_name="us-west-2",
    aws_access_key_id="AKIATEST", aws_secret_access_key="secret",
)
model = ec2.meta.service_model
seen = set()


def local(tag):
    return tag.split("}")[-1]


def check(element, shape, path):
    """Every element must be a member of the shape; lists hold only `item`."""
    if shape.type_name == "structure":
        names = {m.serialization.get("name", n): m for n, m in shape.members.items()}
        for child in element:
            name = local(child.tag)
            assert name in names, f"{path}: unknown element {name}"
            check(child, names[name], f"{path}/{name}")
    elif shape.type_name == "list":
        for child in element:
            assert local(child.tag) == "item", f"{path}: {child.tag} in a list"
            check(child, shape.member, f"{path}[]")
    else:
        assert len(element) == 0, f"{path}: elements where text belongs"
        text = element.text or ""
        if shape.type_name in ("integer", "long"):
            int(text)
        elif shape.type_name == "boolean":
            assert text in ("true", "false"), f"{path}: {text}"


def on_response(response_dict, operation_model=None, **_):
    root = ET.fromstring(response_dict["body"])
    if response_dict["status_code"] >= 300:
        return
    name = local(root.tag).removesuffix("Response")
    seen.add(name)
    shape = model.operation_model(name).output_shape
    for child in list(root):
        if local(child.tag) == "requestId" or (local(child.tag) == "return" and shape is None):
            root.remove(child)
        elif local(child.tag) == "return" and "Return" not in shape.members:
            root.remove(child)
    if shape is not None:
        check(root, shape, name)


ec2.meta.events.register("before-parse.ec2", on_response)

# Parameters that are declared must be parameters of the API.
served = json.load(sys.stdin)
for action, parameters in served:
    shape = model.operation_model(action).input_shape
    known = set()
    for n, m in shape.members.items():
        name = m.serialization.get("queryName") or m.serialization.get("name") or n
        known.add(name[0].upper() + name[1:])
    unknown = set(parameters) - known
    assert not unknown, f"{action}: unknown parameters {sorted(unknown)}"


def refused(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as e:
        assert e.response["Error"]["Code"] == code, e
        return e.response["Error"]["Message"]
    raise AssertionError(f"{code} expected")


def tags(kind, **pairs):
    return [{"ResourceType": kind, "Tags": [{"Key": k, "Value": v} for k, v in pairs.items()]}]


# VPC, a second block, subnets, routes
vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tags("vpc", Name="tour"))["Vpc"]["VpcId"]
ec2.get_waiter("vpc_available").wait(VpcIds=[vpc])
ec2.associate_vpc_cidr_block(VpcId=vpc, CidrBlock="100.64.0.0/16")
refused("InvalidVpc.Range", ec2.associate_vpc_cidr_block, VpcId=vpc, CidrBlock="192.168.0.0/16")
states = ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["CidrBlockAssociationSet"]
assert [s["CidrBlockState"]["State"] for s in states] == ["associated", "associated"], states
ec2.describe_vpc_attribute(VpcId=vpc, Attribute="enableDnsSupport")
ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
node_subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24", AvailabilityZone="us-west-2a")["Subnet"]["SubnetId"]
pod_subnet = ec2.create_subnet(
    VpcId=vpc, CidrBlock="100.64.0.0/19", AvailabilityZoneId="usw2-az1",
    TagSpecifications=tags("subnet", use="pods"),
)["Subnet"]
assert pod_subnet["AvailableIpAddressCount"] == 8187, pod_subnet
pod_subnet = pod_subnet["SubnetId"]
ec2.get_waiter("subnet_available").wait(SubnetIds=[node_subnet, pod_subnet])
refused("InvalidSubnet.Conflict", ec2.create_subnet, VpcId=vpc, CidrBlock="10.0.0.128/25")
ec2.modify_subnet_attribute(SubnetId=node_subnet, MapPublicIpOnLaunch={"Value": True})
gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
assert ec2.describe_internet_gateways(Filters=[{"Name": "attachment.vpc-id", "Values": [vpc]}])["InternetGateways"]
eip = ec2.allocate_address(Domain="vpc")["AllocationId"]
nat = ec2.create_nat_gateway(SubnetId=node_subnet, AllocationId=eip)["NatGateway"]["NatGatewayId"]
ec2.get_waiter("nat_gateway_available").wait(NatGatewayIds=[nat])
assert ec2.describe_addresses(AllocationIds=[eip])["Addresses"][0]["NetworkInterfaceId"]
table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
ec2.replace_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
association = ec2.associate_route_table(RouteTableId=table, SubnetId=pod_subnet)["AssociationId"]
routes = ec2.describe_route_tables(Filters=[{"Name": "association.subnet-id", "Values": [pod_subnet]}])
assert routes["RouteTables"][0]["Routes"][-1]["State"] == "active", routes
acls = ec2.describe_network_acls(Filters=[{"Name": "association.subnet-id", "Values": [pod_subnet]}])
assert [e["RuleAction"] for e in acls["NetworkAcls"][0]["Entries"]] == ["allow", "deny"] * 2, acls
assert ec2.describe_vpc_peering_connections()["VpcPeeringConnections"] == []

# security groups
group = ec2.create_security_group(GroupName="pods", Description="pods", VpcId=vpc)["GroupId"]
ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[
    {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 81, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]},
    {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]},
])
ec2.authorize_security_group_ingress(GroupId=group, IpProtocol="udp", FromPort=53, ToPort=53, CidrIp="10.0.0.0/8")
refused("InvalidPermission.Duplicate", ec2.authorize_security_group_ingress,
        GroupId=group, IpProtocol="udp", FromPort=53, ToPort=53, CidrIp="10.0.0.0/8")
ec2.revoke_security_group_ingress(GroupId=group, IpProtocol="udp", FromPort=53, ToPort=53, CidrIp="10.0.0.0/8")
everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
ec2.revoke_security_group_egress(GroupId=group, IpPermissions=[everything])
ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[everything])
rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])["SecurityGroupRules"]
assert len(rules) == 3, rules
shown = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
assert [p["IpProtocol"] for p in shown["IpPermissions"]] == ["tcp", "-1"], shown

# instances
user_data = "#!/bin/bash\n/etc/eks/bootstrap.sh lab --use-max-pods false"
run = ec2.run_instances(
    ImageId="ami-1", InstanceType="m5.large", MinCount=2, MaxCount=2, SubnetId=node_subnet,
    SecurityGroupIds=[group], UserData=user_data, IamInstanceProfile={"Name": "nodes"},
    TagSpecifications=tags("instance", **{"eks:nodegroup-name": "a"}), ClientToken="once",
)
ids = [i["InstanceId"] for i in run["Instances"]]
assert len(ids) == 2
ec2.get_waiter("instance_running").wait(InstanceIds=ids)
[reservation] = ec2.describe_instances(Filters=[{"Name": "tag:eks:nodegroup-name", "Values": ["a"]}])["Reservations"]
assert [i["InstanceId"] for i in reservation["Instances"]] == ids
assert ec2.describe_instance_status(InstanceIds=ids)["InstanceStatuses"][0]["InstanceState"]["Name"] == "running"
attribute = ec2.describe_instance_attribute(InstanceId=ids[0], Attribute="userData")["UserData"]["Value"]
assert base64.b64decode(attribute).decode() == user_data

# launch templates
data = {"InstanceType": "m5.large", "UserData": "YQ==", "SecurityGroupIds": [group], "MetadataOptions": {"HttpPutResponseHopLimit": 2},
        "TagSpecifications": tags("instance", Name="from-template")}
template = ec2.create_launch_template(LaunchTemplateName="nodes", LaunchTemplateData=data)["LaunchTemplate"]["LaunchTemplateId"]
version = ec2.create_launch_template_version(
    LaunchTemplateName="nodes", SourceVersion="1", LaunchTemplateData={"UserData": "Yg=="})["LaunchTemplateVersion"]
assert (version["VersionNumber"], version["LaunchTemplateData"]["InstanceType"]) == (2, "m5.large"), version
ec2.modify_launch_template(LaunchTemplateId=template, DefaultVersion="2")
assert ec2.describe_launch_templates(LaunchTemplateNames=["nodes"])["LaunchTemplates"][0]["DefaultVersionNumber"] == 2
shown = ec2.describe_launch_template_versions(LaunchTemplateId=template, Versions=["$Latest", "1"])["LaunchTemplateVersions"]
assert [v["LaunchTemplateData"]["UserData"] for v in shown] == ["Yg==", "YQ=="], shown
launched = ec2.run_instances(MinCount=1, MaxCount=1, SubnetId=node_subnet, LaunchTemplate={"LaunchTemplateId": template})["Instances"][0]
assert launched["Tags"] == [{"Key": "Name", "Value": "from-template"}], launched
assert launched["MetadataOptions"]["HttpPutResponseHopLimit"] == 2, launched
ec2.terminate_instances(InstanceIds=[launched["InstanceId"]])
ec2.delete_launch_template(LaunchTemplateId=template)

# interfaces
eni = ec2.create_network_interface(
    SubnetId=pod_subnet, Groups=[group], Description="aws-K8S-" + ids[0], SecondaryPrivateIpAddressCount=3,
    TagSpecifications=tags("network-interface", **{"node.k8s.amazonaws.com/instance_id": ids[0]}),
)["NetworkInterface"]["NetworkInterfaceId"]
attachment = ec2.attach_network_interface(DeviceIndex=1, InstanceId=ids[0], NetworkInterfaceId=eni, NetworkCardIndex=0)["AttachmentId"]
ec2.modify_network_interface_attribute(
    NetworkInterfaceId=eni, Attachment={"AttachmentId": attachment, "DeleteOnTermination": True})
ec2.modify_network_interface_attribute(NetworkInterfaceId=eni, SourceDestCheck={"Value": False})
ec2.assign_private_ip_addresses(NetworkInterfaceId=eni, Ipv4PrefixCount=1)
ec2.assign_private_ip_addresses(NetworkInterfaceId=eni, PrivateIpAddresses=["100.64.1.7"])
ec2.unassign_private_ip_addresses(NetworkInterfaceId=eni, PrivateIpAddresses=["100.64.1.7"])
shown = ec2.describe_network_interface_attribute(NetworkInterfaceId=eni, Attribute="sourceDestCheck")
assert shown["SourceDestCheck"]["Value"] is False
message = refused("InvalidNetworkInterfaceID.NotFound", ec2.describe_network_interfaces, NetworkInterfaceIds=["eni-0bad"])
assert "'eni-0bad'" in message
refused("DryRunOperation", ec2.create_network_interface, SubnetId=pod_subnet, DryRun=True)
refused("InvalidParameterValue", ec2.delete_network_interface, NetworkInterfaceId=eni)
refused("UnknownParameter", ec2.create_network_interface, SubnetId=pod_subnet, Ipv6AddressCount=1)

own = ec2.allocate_address(Domain="vpc")["AllocationId"]
bound = ec2.associate_address(AllocationId=own, NetworkInterfaceId=eni)["AssociationId"]
assert ec2.describe_network_interfaces(NetworkInterfaceIds=[eni])["NetworkInterfaces"][0]["Association"]["PublicIp"]
ec2.disassociate_address(AssociationId=bound)
ec2.release_address(AllocationId=own)

# pages, tags, the account
for i in range(11):
    ec2.create_network_interface(SubnetId=pod_subnet, Description=f"page {i}")
pages = list(ec2.get_paginator("describe_network_interfaces").paginate(
    Filters=[{"Name": "description", "Values": ["page ?", "page 1*"]}], PaginationConfig={"PageSize": 5}))
assert [len(p["NetworkInterfaces"]) for p in pages] == [5, 5, 1], pages
ec2.create_tags(Resources=[eni, pod_subnet], Tags=[{"Key": "a", "Value": "<&>\"'\r\n\té"}])
found = ec2.describe_tags(Filters=[{"Name": "key", "Values": ["a"]}])["Tags"]
assert sorted(t["ResourceType"] for t in found) == ["network-interface", "subnet"], found
assert found[0]["Value"] == "<&>\"'\r\n\té", found
ec2.delete_tags(Resources=[eni], Tags=[{"Key": "a"}])
types = list(ec2.get_paginator("describe_instance_types").paginate(PaginationConfig={"PageSize": 100}))
assert sum(len(p["InstanceTypes"]) for p in types) > 1000
m5 = ec2.describe_instance_types(InstanceTypes=["m5.large"])["InstanceTypes"][0]["NetworkInfo"]
assert (m5["MaximumNetworkInterfaces"], m5["Ipv4AddressesPerInterface"]) == (3, 10), m5
assert [z["ZoneId"] for z in ec2.describe_availability_zones()["AvailabilityZones"]][0] == "usw2-az1"
ec2.describe_regions()
ec2.describe_account_attributes(AttributeNames=["vpc-max-security-groups-per-interface"])
reservation = ec2.create_subnet_cidr_reservation(SubnetId=pod_subnet, Cidr="100.64.16.0/20", ReservationType="prefix")
assert ec2.get_subnet_cidr_reservations(SubnetId=pod_subnet)["SubnetIpv4CidrReservations"]
ec2.delete_subnet_cidr_reservation(
    SubnetCidrReservationId=reservation["SubnetCidrReservation"]["SubnetCidrReservationId"])

# and back
ec2.detach_network_interface(AttachmentId=attachment)
ec2.get_waiter("network_interface_available").wait(NetworkInterfaceIds=[eni])
ec2.delete_network_interface(NetworkInterfaceId=eni)
ec2.terminate_instances(InstanceIds=ids)
ec2.get_waiter("instance_terminated").wait(InstanceIds=ids)
for page in pages:
    for i in page["NetworkInterfaces"]:
        ec2.delete_network_interface(NetworkInterfaceId=i["NetworkInterfaceId"])
other_table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
replaced = ec2.replace_route_table_association(AssociationId=association, RouteTableId=other_table)
found = ec2.describe_route_tables(Filters=[{"Name": "association.subnet-id", "Values": [pod_subnet]}])["RouteTables"]
assert [t["RouteTableId"] for t in found] == [other_table], found
ec2.disassociate_route_table(AssociationId=replaced["NewAssociationId"])
ec2.delete_route_table(RouteTableId=other_table)
ec2.delete_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0")
ec2.delete_route_table(RouteTableId=table)
ec2.delete_nat_gateway(NatGatewayId=nat)
ec2.get_waiter("nat_gateway_deleted").wait(NatGatewayIds=[nat])
ec2.release_address(AllocationId=eip)
ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
ec2.delete_internet_gateway(InternetGatewayId=gateway)
ec2.delete_subnet(SubnetId=node_subnet)
ec2.delete_subnet(SubnetId=pod_subnet)
second = ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["CidrBlockAssociationSet"][1]["AssociationId"]
ec2.disassociate_vpc_cidr_block(AssociationId=second)
ec2.delete_security_group(GroupId=group)
ec2.delete_vpc(VpcId=vpc)
assert not ec2.describe_vpcs()["Vpcs"]
print("never called:", sorted({action for action, _ in served} - seen))
