#!/usr/bin/env bash
# Every command waits for what the next one needs. To begin again in the middle, set the variables of the steps that are
# done and delete those steps. berth apply does the same and remembers where it was.
set -euo pipefail
export AWS_REGION=us-west-2 AWS_DEFAULT_REGION=us-west-2

# 1. Associate 100.64.0.0/16 with the VPC
# Gate: the state of 100.64.0.0/16 is associated
BLOCK_100_64_0_0_16=$(aws ec2 associate-vpc-cidr-block --vpc-id vpc-1 --cidr-block 100.64.0.0/16 \
  --query CidrBlockAssociation.AssociationId --output text)
until [ "$(aws ec2 describe-vpcs --vpc-ids vpc-1 --output text \
  --query "Vpcs[0].CidrBlockAssociationSet[?CidrBlock=='100.64.0.0/16'].CidrBlockState.State")" = associated ]; do
  sleep 2
done

# 2. Create a pod subnet in 2 zones
# Gate: every subnet is available
SUBNET_US_WEST_2A=$(aws ec2 create-subnet --vpc-id vpc-1 --availability-zone us-west-2a --cidr-block 100.64.0.0/19 --tag-specifications 'ResourceType=subnet,Tags=[{Key=Name,Value=harbour-pods-us-west-2a}]' \
  --query Subnet.SubnetId --output text)
SUBNET_US_WEST_2B=$(aws ec2 create-subnet --vpc-id vpc-1 --availability-zone us-west-2b --cidr-block 100.64.32.0/19 --tag-specifications 'ResourceType=subnet,Tags=[{Key=Name,Value=harbour-pods-us-west-2b}]' \
  --query Subnet.SubnetId --output text)
aws ec2 wait subnet-available --subnet-ids "$SUBNET_US_WEST_2A" "$SUBNET_US_WEST_2B"

# 3. Give the pod subnets the nodes' routes
# Gate: every pod subnet is associated with its table
aws ec2 associate-route-table --subnet-id ${SUBNET_US_WEST_2A} --route-table-id rtb-1
aws ec2 associate-route-table --subnet-id ${SUBNET_US_WEST_2B} --route-table-id rtb-1

# 4. Create SubnetPool/pods
# Gate: every object is there, and with Berth its condition Ready is True
kubectl apply -f - <<END
apiVersion: berth.dev/v1alpha1
kind: SubnetPool
metadata:
  name: pods
spec:
  subnets:
    - id: ${SUBNET_US_WEST_2A}
    - id: ${SUBNET_US_WEST_2B}
  securityGroups:
    - id: sg-nodes
  nodeSelector: {}
  strategy: MostFree
END
kubectl get subnetpool pods

# 5. Set ENABLE_PREFIX_DELEGATION
# Gate: kubectl rollout status daemonset aws-node -n kube-system
kubectl set env daemonset aws-node -n kube-system ENABLE_PREFIX_DELEGATION=true
aws eks update-addon --cluster-name harbour --addon-name vpc-cni --resolve-conflicts PRESERVE --configuration-values '{"env":{"WARM_IP_TARGET":"2","ENABLE_PREFIX_DELEGATION":"true"}}'
aws eks wait addon-active --cluster-name harbour --addon-name vpc-cni
kubectl rollout status daemonset aws-node -n kube-system --timeout=10m

# 6. Start new nodes with the right max-pods
# Gate: every group starts nodes from the new version of its launch template, and every node class has the number
# berth user-data harbour --max-pods 110   # m5.large
read -r -p "Start new nodes with the right max-pods: done? Enter goes on, Ctrl-C stops. "

# 7. Turn custom networking on
# Gate: kubectl rollout status daemonset aws-node -n kube-system, and berth doctor finds nothing blocking that was not there before
kubectl set env daemonset aws-node -n kube-system AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG=true
aws eks update-addon --cluster-name harbour --addon-name vpc-cni --resolve-conflicts PRESERVE --configuration-values '{"env":{"WARM_IP_TARGET":"2","ENABLE_PREFIX_DELEGATION":"true","AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG":"true"}}'
aws eks wait addon-active --cluster-name harbour --addon-name vpc-cni
kubectl rollout status daemonset aws-node -n kube-system --timeout=10m

# 8. Replace one node: node-a
# Gate: its successor is Ready, its pods have addresses of 100.64.0.0/19, 100.64.32.0/19, and berth doctor finds nothing blocking that was not there before
# berth rotate --nodes node-a
read -r -p "Replace one node: node-a: done? Enter goes on, Ctrl-C stops. "

# 9. Replace 1 node more, of 2
# Gate: every node is converged (berth status)
# berth rotate
read -r -p "Replace 1 node more, of 2: done? Enter goes on, Ctrl-C stops. "

# To take it back:
#   berth rotate --undo   # nodes that were replaced stay replaced
#   berth rotate --undo   # nodes that were replaced stay replaced
#   kubectl set env daemonset aws-node -n kube-system AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG=false
#   aws eks update-addon --cluster-name harbour --addon-name vpc-cni --resolve-conflicts PRESERVE --configuration-values '{"env":{"WARM_IP_TARGET":"2","ENABLE_PREFIX_DELEGATION":"true","AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG":"false"}}'
#   aws eks wait addon-active --cluster-name harbour --addon-name vpc-cni
#   kubectl set env daemonset aws-node -n kube-system ENABLE_PREFIX_DELEGATION-
#   aws eks update-addon --cluster-name harbour --addon-name vpc-cni --resolve-conflicts PRESERVE --configuration-values '{"env":{"WARM_IP_TARGET":"2"}}'
#   aws eks wait addon-active --cluster-name harbour --addon-name vpc-cni
#   kubectl delete -f pods-network.yaml
#   aws ec2 delete-subnet --subnet-id ${SUBNET_US_WEST_2A}
#   aws ec2 delete-subnet --subnet-id ${SUBNET_US_WEST_2B}
#   aws ec2 disassociate-vpc-cidr-block --association-id ${BLOCK_100_64_0_0_16}
