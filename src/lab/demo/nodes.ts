import {
  AutoScalingClient,
  DescribeAutoScalingInstancesCommand,
  TerminateInstanceInAutoScalingGroupCommand,
} from "@aws-sdk/client-auto-scaling"
import { EC2Client, RunInstancesCommand, TerminateInstancesCommand } from "@aws-sdk/client-ec2"
import type { ScenarioInstance } from "../scenario.ts"

/** Launches and terminates nodes through the lab's EC2 endpoint, as a person with the AWS CLI would. */
export interface NodeLauncher {
  launch(instance: ScenarioInstance): Promise<string>
  terminate(instanceId: string): Promise<void>
}

export function createNodeLauncher(ec2Url: string, region: string): NodeLauncher {
  const access = {
    region,
    endpoint: ec2Url,
    credentials: { accessKeyId: "lab", secretAccessKey: "lab" },
  }
  const client = new EC2Client(access)
  const scaling = new AutoScalingClient(access)
  return {
    async launch(instance) {
      const made = await client.send(
        new RunInstancesCommand({
          ImageId: "ami-0be47000000000001",
          InstanceType: instance.type as never,
          MinCount: 1,
          MaxCount: 1,
          SubnetId: instance.subnetId,
          SecurityGroupIds: [...instance.securityGroups],
          UserData: Buffer.from(instance.userData).toString("base64"),
          TagSpecifications: [
            {
              ResourceType: "instance",
              Tags: [
                { Key: "eks:nodegroup-name", Value: instance.nodeGroup },
                { Key: "kubernetes.io/cluster/harbour", Value: "owned" },
              ],
            },
          ],
        }),
      )
      const id = made.Instances?.[0]?.InstanceId
      if (!id) throw new Error("RunInstances answered without an instance")
      return id
    },
    async terminate(instanceId) {
      const member = new DescribeAutoScalingInstancesCommand({ InstanceIds: [instanceId] })
      const { AutoScalingInstances: members = [] } = await scaling.send(member)
      // A group would start another one in its place.
      if (members.length === 0)
        await client.send(new TerminateInstancesCommand({ InstanceIds: [instanceId] }))
      else
        await scaling.send(
          new TerminateInstanceInAutoScalingGroupCommand({
            InstanceId: instanceId,
            ShouldDecrementDesiredCapacity: true,
          }),
        )
    },
  }
}
