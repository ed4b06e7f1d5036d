variable "vpc_id" {
  type    = string
  default = "vpc-1"
}

resource "aws_vpc_ipv4_cidr_block_association" "pods_100_64_0_0_16" {
  vpc_id     = var.vpc_id
  cidr_block = "100.64.0.0/16"
}

resource "aws_subnet" "pods_us_west_2a" {
  vpc_id            = aws_vpc_ipv4_cidr_block_association.pods_100_64_0_0_16.vpc_id
  availability_zone = "us-west-2a"
  cidr_block        = "100.64.0.0/19"
  tags = {
    Name = "harbour-pods-us-west-2a"
  }
}

resource "aws_route_table_association" "pods_us_west_2a" {
  subnet_id      = aws_subnet.pods_us_west_2a.id
  route_table_id = "rtb-1"
}

resource "aws_subnet" "pods_us_west_2b" {
  vpc_id            = aws_vpc_ipv4_cidr_block_association.pods_100_64_0_0_16.vpc_id
  availability_zone = "us-west-2b"
  cidr_block        = "100.64.32.0/19"
  tags = {
    Name = "harbour-pods-us-west-2b"
  }
}

resource "aws_route_table_association" "pods_us_west_2b" {
  subnet_id      = aws_subnet.pods_us_west_2b.id
  route_table_id = "rtb-1"
}

resource "kubernetes_manifest" "subnetpool_pods" {
  manifest = {
    apiVersion = "berth.dev/v1alpha1"
    kind       = "SubnetPool"
    metadata = {
      name = "pods"
    }
    spec = {
      subnets = [
        {
          id = aws_subnet.pods_us_west_2a.id
        },
        {
          id = aws_subnet.pods_us_west_2b.id
        },
      ]
      securityGroups = [
        {
          id = "sg-nodes"
        },
      ]
      nodeSelector = {}
      strategy     = "MostFree"
    }
  }
}

import {
  to = aws_eks_addon.vpc_cni
  id = "harbour:vpc-cni"
}

resource "aws_eks_addon" "vpc_cni" {
  cluster_name                = "harbour"
  addon_name                  = "vpc-cni"
  addon_version               = "v1.23.1"
  resolve_conflicts_on_update = "PRESERVE"
  configuration_values        = "{\"env\":{\"WARM_IP_TARGET\":\"2\",\"ENABLE_PREFIX_DELEGATION\":\"true\",\"AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG\":\"true\"}}"
  depends_on                  = [kubernetes_manifest.subnetpool_pods]
}
